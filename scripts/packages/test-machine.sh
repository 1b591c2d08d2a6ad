# A Linux machine of its own: this one's files under a layer that goes away, no network but loopback, and a real systemd.
#   sh test-machine.sh NAME FOLDER ROOT      FOLDER is seen as /packages, what the machine has changed as /.layer; ROOT is what lies below the layer, / or another tree
set -e
name=$1 folder=$2 below=$3 stage=${4:-outside}
top=$folder/.machine
case $stage in
outside)
  mount --make-rprivate /
  mkdir -p "$top" && mount -t tmpfs machine "$top"
  mkdir "$top/groups" && mount -t cgroup2 groups "$top/groups"
  mkdir "$top/groups/$name"
  echo $$ >"$top/groups/$name/cgroup.procs"
  while :; do
    code=0
    unshare -puinC --mount --fork --kill-child sh "$0" "$name" "$folder" "$below" inside || code=$?
    [ -e "$folder/$name.restart" ] || exit $code
    rm "$folder/$name.restart"
  done
  ;;
clear)
  mount --make-rprivate /
  mkdir -p "$top" && mount -t cgroup2 groups "$top"
  find "$top/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true
  exit 0
  ;;
esac
cd "$top"
is_new=true
mkdir upper work root 2>/dev/null || is_new=false
mount -t overlay machine -o lowerdir=$below,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 groups sys/fs/cgroup
for each in dev run tmp; do mount -t tmpfs $each $each; done
for each in null zero full random urandom tty; do touch dev/$each && mount --bind /dev/$each dev/$each; done
mknod dev/loop-control c 10 237; for i in $(seq 0 63); do mknod dev/loop$i b 7 $i; done
mkdir -p dev/shm dev/pts packages .layer
ln -s /proc/self/fd dev/fd; ln -s pts/ptmx dev/ptmx
mount -t tmpfs shm dev/shm
mount -t devpts -o newinstance,ptmxmode=666 pts dev/pts
mount --bind -o ro "$folder" packages
mount --bind -o ro ../upper .layer
# what is installed outside meanwhile changes neither who there is in here nor what dpkg knows
if $is_new; then
  # a copy made while a package is being installed outside holds half of it
  while rm -rf var/lib/dpkg.own && cp -a var/lib/dpkg var/lib/dpkg.own && [ -n "$(ls var/lib/dpkg.own/updates)" ]; do sleep 0.5; done
  until rm -rf var/lib/dpkg; do sleep 0.5; done # files that appear outside meanwhile are in the way
  mv var/lib/dpkg.own var/lib/dpkg
  for each in passwd group shadow gshadow; do cp -p etc/$each etc/$each.own && mv etc/$each.own etc/$each; done
  # nothing of this machine's own services; a container may forbid packages to start theirs
  rm -rf etc/systemd/system/*.wants lib/systemd/system/*.wants usr/sbin/policy-rc.d
  : >etc/fstab
fi
ip link set lo up
mkdir -p .before
pivot_root . .before
umount -l /.before
rmdir /.before
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=no
