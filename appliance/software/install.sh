#!/bin/sh
# Installs CyberAlarm on a Linux server, or brings it up to date:
#   curl -fsSL @BASE@/install.sh | sudo sh -s -- [--base-url URL] [--code-file FILE]
# All of it is one pair of braces: a download that was cut off runs nothing. Nothing is installed before the signature
# with the release key below has been verified. FILE holds the single-use code to enrol with; without it, it is asked for.
{
set -eu
base='@BASE@' key='@KEY@' code='' code_file=''
fail() { printf 'cyberalarm: %s\n' "$*" >&2; exit 1; }
. install/arguments.sh
. install/machine.sh
. install/download.sh
. install/package.sh
. install/enrol.sh
exit 0
}
