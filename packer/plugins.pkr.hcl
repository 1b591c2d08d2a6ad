# The one difference between Packer 1.6 (Debian's: QEMU and vSphere are built in, and a `packer` block is an error) and 1.7 or
# later (they are plugins, which `packer init` fetches). `make appliance` leaves this file out for 1.6.

packer {
  required_version = ">= 1.7.0"
  required_plugins {
    qemu = {
      source  = "github.com/hashicorp/qemu"
      version = "= 1.1.5"
    }
    vsphere = {
      source  = "github.com/vmware/vsphere"
      version = "= 2.5.0"
    }
  }
}
