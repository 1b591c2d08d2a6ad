# The same steps for all bases and machines: upload the inputs, make the box's tree, put our files over it, compose the disk.
# What the box is made of is in appliance/; nothing here configures an operating system.

locals {
  environment = [
    "TREE=/var/tmp/box/tree",
    "INPUTS=/var/tmp/box/inputs",
    "WORK=/var/tmp/box/work",
    "BUILD_ID=${var.version}-${var.base}",
    "SOURCE_DATE_EPOCH=${var.source_date_epoch}",
    "RELEASE=${var.release}",
    "RPM_QUERY=${var.rpm_query}",
    "LC_ALL=C.UTF-8",
    "TZ=UTC",
  ]
}

build {
  sources = ["source.qemu.builder", "source.vsphere-iso.builder"]

  provisioner "shell" {
    inline = ["sudo -n true 2>/dev/null && S=sudo; $${S:-} install -d -o $(id -u) /var/tmp/box /var/tmp/box/inputs /var/tmp/box/work"]
  }

  provisioner "file" {
    source      = "${var.inputs}/"
    destination = "/var/tmp/box/inputs"
  }

  provisioner "file" {
    source      = "${path.root}/provision/identifier"
    destination = "/var/tmp/box/inputs/identifier"
  }

  provisioner "shell" {
    environment_vars = concat(local.environment, [for key, value in var.settings : "${key}=${value}"], [source.type == "qemu" ? "DISK=/dev/vdb" : "DISK=/dev/cyberalarm-box"])
    execute_command  = "chmod +x {{ .Path }} /var/tmp/box/inputs/identifier; if [ $(id -u) = 0 ]; then env {{ .Vars }} {{ .Path }}; else sudo -n env {{ .Vars }} {{ .Path }}; fi"
    scripts = [
      "${path.root}/provision/05-tools.sh",
      "${path.root}/provision/10-tree.sh",
      "${path.root}/provision/20-files.sh",
      "${path.root}/provision/30-strip.sh",
      "${path.root}/provision/40-partitions.sh",
      "${path.root}/provision/45-labels.sh",
      "${path.root}/provision/50-root.sh",
      "${path.root}/provision/60-data.sh",
      "${path.root}/provision/70-boot.sh",
    ]
  }

  # what is installed, for the bill of materials
  provisioner "file" {
    direction   = "download"
    source      = "/var/tmp/box/work/installed"
    destination = "${var.inputs}/installed"
  }
}
