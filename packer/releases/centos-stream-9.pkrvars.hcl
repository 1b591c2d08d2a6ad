# CentOS Stream 9: a dated compose, which stays what it is (`-latest` does not). x86-64-v2 (2009) is enough.
# A new one: take name and digest from https://cloud.centos.org/centos/9-stream/x86_64/images/<name>.SHA256SUM, both together.
release           = "9"
builder_disk      = "https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-20260922.0.x86_64.qcow2"
builder_checksum  = "sha256:8527cb5ae91991afa1b0403fa3e0eb5a8d2690648bdbe51e7de86131b52e2763"
builder_disk_size = "12G"
builder_user      = "builder"
