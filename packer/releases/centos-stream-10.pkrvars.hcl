# CentOS Stream 10: a dated compose, which stays what it is (`-latest` does not). It needs a processor of x86-64-v3 (2013: Haswell,
# Excavator); QEMU's default is older, hence `-cpu max`. For older hosts there is Stream 9.
# A new one: take name and digest from https://cloud.centos.org/centos/10-stream/x86_64/images/<name>.SHA256SUM, both together.
release           = "10"
builder_disk      = "https://cloud.centos.org/centos/10-stream/x86_64/images/CentOS-Stream-GenericCloud-10-20260922.0.x86_64.qcow2"
builder_checksum  = "sha256:cc788312a1f5d86f2557de38b4ca57ff9f9a6b7f812f7a7fc91a5009fb68f76b"
builder_disk_size = "12G"
builder_user      = "builder"
