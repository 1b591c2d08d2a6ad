# For builds on a vSphere: a machine that appliance/kickstart/ks.cfg installs, with a second disk that becomes the box's.
# Only CentOS Stream: Debian's build machine is bootstrapped from packages, where no vSphere is needed. Every name is empty by
# default, so that a build with QEMU states nothing here. Never run against a vSphere: packer/README.md says what that leaves open.

variable "vsphere_server" {
  type        = string
  description = "Name of the vCenter, or of one ESXi host."
  default     = ""
}

variable "vsphere_user" {
  type        = string
  description = "User that logs in there: environment variable PKR_VAR_vsphere_user, in no file."
  default     = ""
}

variable "vsphere_password" {
  type        = string
  description = "Environment variable PKR_VAR_vsphere_password, in no file."
  default     = ""
  sensitive   = true
}

variable "vsphere_insecure" {
  type        = bool
  description = "Do not check the certificate of the vCenter. Whoever stands between then reads the password."
  default     = false
}

variable "vsphere_datacenter" {
  type        = string
  description = "Data center; needed where there are several."
  default     = ""
}

variable "vsphere_cluster" {
  type        = string
  description = "Cluster in which the build machine runs; this or a host."
  default     = ""
}

variable "vsphere_host" {
  type        = string
  description = "Host on which the build machine runs; this or a cluster."
  default     = ""
}

variable "vsphere_datastore" {
  type        = string
  description = "Datastore for its disks: 20 GB, both thin."
  default     = ""
}

variable "vsphere_folder" {
  type        = string
  description = "Folder of the inventory; empty: that of the data center."
  default     = ""
}

variable "vsphere_network" {
  type        = string
  description = "Network with DHCP and a way to the mirrors of CentOS, on which the build machine is reached by ssh."
  default     = "VM Network"
}

variable "vsphere_iso" {
  type        = string
  description = "CentOS-Stream-<release>-<date>-x86_64-boot.iso: a dated one, as address or file."
  default     = ""
}

variable "vsphere_iso_checksum" {
  type        = string
  description = "Pinned: sha256:<64 hexadecimal digits>, from the file beside it."
  default     = ""
  validation {
    condition     = var.vsphere_iso_checksum == "" || substr(var.vsphere_iso_checksum, 0, 7) == "sha256:" && length(var.vsphere_iso_checksum) == 71
    error_message = "The checksum is sha256: and 64 hexadecimal digits."
  }
}

variable "vsphere_hardware_version" {
  type        = number
  description = "Of the build machine. 15 is ESXi 6.7 U2, as for the box (ova/hardware.json)."
  default     = 15
  validation {
    condition     = var.vsphere_hardware_version >= 15
    error_message = "The hardware version is 15 or later."
  }
}

source "vsphere-iso" "builder" {
  vcenter_server      = var.vsphere_server
  username            = var.vsphere_user
  password            = var.vsphere_password
  insecure_connection = var.vsphere_insecure
  datacenter          = var.vsphere_datacenter
  cluster             = var.vsphere_cluster
  host                = var.vsphere_host
  datastore           = var.vsphere_datastore
  folder              = var.vsphere_folder

  vm_name              = "cyberalarm-builder-${var.base}"
  vm_version           = var.vsphere_hardware_version
  guest_os_type        = "centos8_64Guest" # the newest that ESXi 6.7 knows
  firmware             = "efi"
  CPUs                 = 2
  RAM                  = 4096 # the installer keeps its own root in memory
  disk_controller_type = ["pvscsi"]
  storage {
    disk_size             = 12288
    disk_thin_provisioned = true
  }
  storage {
    disk_size             = 7168 # ova/hardware.json
    disk_thin_provisioned = true
  }
  network_adapters {
    network      = var.vsphere_network
    network_card = "vmxnet3"
  }

  iso_url      = var.vsphere_iso
  iso_checksum = var.vsphere_iso_checksum
  # The installer takes ks.cfg from a disk with this name by itself. Nothing has to reach this machine over the network for it.
  cd_label     = "OEMDRV"
  cd_files     = ["${path.root}/../appliance/kickstart/ks.cfg", "${var.builder_key}.pub"]
  cdrom_type   = "sata"
  remove_cdrom = true
  boot_order   = "disk,cdrom"
  boot_wait    = "5s"
  boot_command = ["<up><enter>"] # install, without reading the whole medium first

  ip_wait_timeout      = "60m"
  ssh_username         = "builder"
  ssh_private_key_file = var.builder_key
  ssh_timeout          = "60m"
  shutdown_command     = "sudo -n poweroff"

  export {
    force            = true
    output_directory = var.output
  }
}
