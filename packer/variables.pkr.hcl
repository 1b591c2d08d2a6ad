# The variables of a build. `make appliance` gives all of it; releases/<base>.pkrvars.hcl what belongs to the base.

variable "base" {
  type        = string
  description = "Name of the base, as in releases/."
  validation {
    condition     = contains(["debian-13", "centos-stream-10", "centos-stream-9"], var.base)
    error_message = "The base is one of debian-13, centos-stream-10, centos-stream-9."
  }
}

variable "version" {
  type        = string
  description = "Version of CyberAlarm, as in package.json."
  validation {
    condition     = length(split(".", var.version)) == 3 && length(var.version) <= 32
    error_message = "The version is three numbers with dots, such as 1.2.3."
  }
}

variable "source_date_epoch" {
  type        = number
  description = "Time stamp of everything that is made, in seconds since 1970: that of the commit."
}

variable "inputs" {
  type        = string
  description = "Folder with files.tar.zst (appliance/rootfs and the release), packages, and for Debian tree.tar.zst."
}

variable "rpm_query" {
  type        = string
  description = "How rpm shall list what is installed, for the bill of materials."
  default     = "%%{NAME}\\n"
}

variable "output" {
  type        = string
  description = "Folder that packer makes; builder-1 in it is the finished disk, qcow2."
}

# --- the machine that builds, by its base ---

variable "builder_disk" {
  type        = string
  description = "Disk that the build machine starts from: a file, or the address of a cloud image of the base."
}

variable "builder_checksum" {
  type        = string
  description = "Pinned: sha256:<64 hexadecimal digits>. What does not fit it is not started."
  validation {
    condition     = substr(var.builder_checksum, 0, 7) == "sha256:" && length(var.builder_checksum) == 71
    error_message = "The checksum is sha256: and 64 hexadecimal digits."
  }
}

variable "builder_disk_size" {
  type        = string
  description = "What the build machine's own disk grows to: not less than the image has (CentOS: 10G), which would cut it off."
  default     = "6G"
  validation {
    condition     = substr(var.builder_disk_size, -1, 1) == "G" && can(parseint(trimsuffix(var.builder_disk_size, "G"), 10))
    error_message = "The size of the disk is a number with G behind it, such as 6G."
  }
}

variable "builder_user" {
  type        = string
  description = "User that packer logs in as: root, or one that may use sudo."
  default     = "root"
}

variable "builder_key" {
  type        = string
  description = "Private ssh key that the build machine knows. It is in no box."
}

variable "builder_arguments" {
  type        = list(list(string))
  description = "More arguments for QEMU: how the build machine starts."
  default     = []
}

variable "accelerator" {
  type        = string
  description = "kvm where it works (some machines have a /dev/kvm that hangs guests), else tcg, which takes minutes longer."
  default     = "tcg"
  validation {
    condition     = contains(["kvm", "tcg", "hvf", "none"], var.accelerator)
    error_message = "The accelerator is kvm, hvf, tcg or none."
  }
}

variable "release" {
  type        = string
  description = "Number of the base's release, for its package manager."
}

variable "settings" {
  type        = map(string)
  description = "What the base names differently: `node appliance/bases.ts <base>`. Without it, Debian's names are taken."
  default     = {}
}
