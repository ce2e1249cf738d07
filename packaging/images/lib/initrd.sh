# The kernel's modules: a few in the initrd to find the root disk, some more in the guest. Sourced by debian.sh and tests/node-vm.
# shellcheck shell=bash disable=SC2154 # debian.sh sets here and work

# What a machine of QEMU's has. All are loaded in the initrd, so that the guest needs no device manager to boot.
boot_modules=(virtio_pci virtio_blk virtio_console virtio_net virtio_rng virtio_balloon ext4)
# Loaded in the initrd only where there is such hardware.
xen_modules=(xen-blkfront xen-netfront)
microvm_modules=(virtio_mmio)
# What a job may want to mount or open.
# shellcheck disable=SC2034
guest_modules=(loop overlay fuse virtiofs nfs nfsv3 nfsv4 autofs4 tun isofs vfat nls_ascii)

# Prints the files that hold the given modules and those they need; nothing for what is built into the kernel.
module_files() { # MODULES_ROOT VERSION NAME...
  local root=$1 version=$2 name steps
  shift 2
  for name in "$@"; do
    steps=$(modprobe -d "$root" -S "$version" --show-depends "$name" 2>/dev/null) || fail "find kernel module $name: kernel $version has none"
    sed -n 's/^insmod \(.*[^ ]\) *$/\1/p' <<<"$steps"
  done | sort -u
}

# Unpacked, because busybox need not know how the distribution compresses modules.
unpack_module() { # FILE TARGET_WITHOUT_COMPRESSION
  mkdir -p "$(dirname "$2")"
  case $1 in
    *.xz) need_tool xz xz-utils && xz -dc "$1" >"$2" ;;
    *.zst) need_tool zstd zstd && zstd -qdc "$1" >"$2" ;;
    *) cp "$1" "$2" ;;
  esac
}

# Only the named ones: the whole tree is larger than the rest of the guest.
copy_modules() { # MODULES_ROOT VERSION TARGET_ROOT NAME...
  local root=$1 version=$2 target=$3 from=$1/lib/modules/$2 to=$3/lib/modules/$2 list files file name
  shift 3
  list=$(module_files "$root" "$version" "$@")
  mapfile -t files <<<"$list"
  mkdir -p "$to"
  cp "$from"/modules.{builtin,builtin.modinfo,order} "$to/"
  for file in "${files[@]}"; do
    name=${file#"$from"/}
    unpack_module "$file" "$to/${name%.ko*}.ko"
  done
  depmod -b "$target" "$version"
}

make_initrd() { # MODULES_ROOT VERSION OUTPUT
  local tree=$work/initrd
  mkdir -p "$tree"/{bin,dev,etc,proc,root,sys}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  install -m 755 "$here/initrd/init" "$tree/init"
  echo "${boot_modules[*]}" >"$tree/etc/modules"
  echo "${xen_modules[*]}" >"$tree/etc/modules.xen"
  echo "${microvm_modules[*]}" >"$tree/etc/modules.microvm"
  copy_modules "$1" "$2" "$tree" "${boot_modules[@]}" "${xen_modules[@]}" "${microvm_modules[@]}"
  # Of the indexes, busybox reads this one only.
  find "$tree/lib/modules" -name 'modules.*' ! -name modules.dep -delete
  find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd "$tree" && find . | sort | cpio -o -H newc --quiet --reproducible -R 0:0) >"$3"
}
