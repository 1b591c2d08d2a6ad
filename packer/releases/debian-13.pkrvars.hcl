# Debian 13. Its build machine is bootstrapped from Debian's packages by `make appliance`, which gives the disk, its checksum,
# its key and how it is started.
release = "13"
