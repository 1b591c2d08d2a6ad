# Builds everywhere: needs neither loop devices nor KVM.

source "qemu" "builder" {
  iso_url              = var.builder_disk
  iso_checksum         = var.builder_checksum
  disk_image           = true
  format               = "qcow2"
  disk_size            = var.builder_disk_size
  disk_additional_size = ["7168M"] # ova/hardware.json
  disk_interface       = "virtio"
  disk_cache           = "unsafe" # a build that is cut off is thrown away
  disk_discard         = "unmap"
  net_device           = "virtio-net"
  vm_name              = "builder"
  output_directory     = var.output
  accelerator          = var.accelerator
  cpus                 = 2
  memory               = 2048
  headless             = true
  qemuargs             = var.builder_arguments
  boot_wait            = "1s"
  ssh_username         = var.builder_user
  ssh_private_key_file = var.builder_key
  ssh_timeout          = "10m"
  shutdown_command     = "if [ $(id -u) = 0 ]; then poweroff; else sudo -n poweroff; fi"
}
