# The last touches to the guest's root file system. Sourced by debian.sh.
# shellcheck shell=bash disable=SC2154 # debian.sh sets agent, here, output and work

finish_guest() { # ROOT INIT
  local root=$1
  install -m 755 "$agent" "$root/usr/bin/vmappliance"
  "finish_$2" "$root"
  write_neutral_identity "$root"
  remove_leftovers "$root"
}

finish_busybox() {
  local root=$1 applet
  install -D -m 755 "$here/guest/boot" "$root/usr/lib/vmappliance/boot"
  install -m 644 "$here/guest/inittab" "$here/guest/fstab" "$root/etc/"
  make_skeleton "$root/usr/lib/vmappliance/skeleton"
  # modprobe is here for the kernel, which calls /sbin/modprobe when a job mounts something.
  for applet in init halt poweroff reboot modprobe; do
    if [ ! -e "$root/usr/sbin/$applet" ]; then ln -s ../bin/busybox "$root/usr/sbin/$applet"; fi
  done
}

# What udev and tmpfiles would put into /dev and /run.
make_skeleton() { # DIRECTORY
  mkdir -p "$1"/dev/{net,pts} "$1/run/sshd"   # /run/sshd: sshd's privilege separation
  mkdir -m 1777 "$1/dev/shm" "$1/run/lock"
  ln -s /proc/self/fd "$1/dev/fd"
  ln -s fd/0 "$1/dev/stdin"
  ln -s fd/1 "$1/dev/stdout"
  ln -s fd/2 "$1/dev/stderr"
  # Opening one of these loads its driver.
  mknod -m 666 "$1/dev/fuse" c 10 229
  mknod -m 666 "$1/dev/net/tun" c 10 200
  mknod -m 660 "$1/dev/loop-control" c 10 237
}

finish_systemd() {
  local root=$1 units=$1/etc/systemd/system unit
  install -m 644 "$here/guest/vmappliance-guest.service" "$root/usr/lib/systemd/system/"
  mkdir -p "$units/multi-user.target.wants"
  ln -s /usr/lib/systemd/system/vmappliance-guest.service "$units/multi-user.target.wants/"
  ln -sfn /usr/lib/systemd/system/multi-user.target "$units/default.target"
  # No "first boot with a new /usr" work: everything is as it was built.
  touch "$root/etc/.updated" "$root/var/.updated"
  # The agent starts sshd itself, nobody logs in at a console, and a machine that lives for one job needs
  # neither housekeeping nor anything kept from an earlier boot.
  rm -f "$units/sshd.service"
  for unit in ssh.service ssh.socket getty@.service serial-getty@.service apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-pstore.service \
    systemd-random-seed.service systemd-journal-flush.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service; do
    find "$units" -path "*.wants/$unit" -delete
    ln -sfn /dev/null "$units/$unit"
  done
}

# Nothing here may tell one machine from another: the agent brings the identity when the machine starts.
write_neutral_identity() {
  local root=$1
  rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/etc/machine-id" "$root/var/lib/dbus/machine-id" \
    "$root/var/lib/systemd/random-seed"
  install -m 644 /dev/null "$root/etc/resolv.conf"
  install -m 644 /dev/null "$root/etc/machine-id"
  echo machine >"$root/etc/hostname"
  printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
  chroot "$root" usermod -p '*' root # no password fits, keys do
}

# Caches, logs and back-ups; the device nodes too, because the guest's /dev is the kernel's.
remove_leftovers() {
  local root=$1
  rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
  rm -f "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}- "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
  find "$root/dev" "$root/run" "$root/tmp" "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/var/cache/ldconfig" \
    -xdev -mindepth 1 -delete
  find "$root/var/log" -xdev -type f -size +0 -exec truncate -s 0 {} +
}
