# shellcheck shell=bash disable=SC2154 # here is the sourcing script's
# lib.sh: Debian roots to run things in, on a disk in a file, in namespaces of their own. Sourced by fresh.sh and matrix.sh.
#
# The file has no name any more once the disk is mounted; the mount and all processes end with the first process in there, and that
# ends with the script: whatever ends the script, nothing stays.
# Packages come from where this machine has them from: its apt's sources, keys and settings, its certificates, its NuGet's configuration.
# shellcheck source-path=SCRIPTDIR source=../../packaging/images/lib/sources.sh
. "$here/../../packaging/images/lib/sources.sh"

self=$(realpath "$0")

complain() { # SENTENCE [HINT]
  echo "${0##*/}: $1" >&2
  [ $# -lt 2 ] || echo "(hint: $2)" >&2
}

fail() {
  complain "$@"
  exit 1
}

require_root() {
  [ "$(id -u)" = 0 ] || fail "make Debian roots: only root can" "use sudo"
}

# Runs this script once more, with --inside and these words, as the first process of its own namespaces. unshare alone would not end when
# it is asked to.
enter() { # WORD...
  local status=0
  machine=''
  trap '[ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null || true' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  setpriv --pdeathsig KILL -- unshare --mount --pid --uts --ipc --fork --kill-child -- "$self" --inside "$@" </dev/null &
  machine=$!
  wait "$machine" || status=$?
  machine=''
  return $status
}

# An empty disk, at a place that has no files of its own.
mount_disk() { # SIZE PLACE
  local disk
  mkdir -p "$2"
  mount --make-rprivate /
  # Who made one and was killed before the next five lines were over has left it.
  find "$(dirname "$2")" -maxdepth 1 -name 'disk.*' -mmin +10 -delete
  disk=$(mktemp "$(dirname "$2")/disk.XXXXXXXX")
  truncate -s "$1" "$disk"
  mkfs.ext4 -q -F -E nodiscard "$disk"
  mount -o loop "$disk" "$2"
  rm "$disk"
}

make_root() { # SUITE ROOT PACKAGE,PACKAGE...
  local mirrors=() settings=$2.conf
  host_debian_sources "$1"
  host_apt_options >"$settings"
  mmdebstrap --quiet --mode=root --variant=minbase --include="$3" --aptopt="$settings" "$1" "$2" "${mirrors[@]}"
  rm "$settings"
}

copy_to() { # ROOT PATH...: what this machine has of them
  local root=$1 path
  shift
  for path in "$@"; do
    [ ! -e "$path" ] || { mkdir -p "$root$(dirname "$path")" && cp -rLT --remove-destination "$path" "$root$path"; }
  done
}

# As a machine that has just been installed: a root that is a mount, a name that leads to an address of its own, a /run with nothing in it.
furnish() { # ROOT NAME
  local root=$1
  mount --bind "$root" "$root"
  copy_to "$root" /etc/hosts /etc/resolv.conf /etc/ssl/certs /usr/local/share/ca-certificates \
    /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d /etc/apt/keyrings
  echo "127.0.1.1 $2" >>"$root/etc/hosts"
  echo "$2" | tee "$root/etc/hostname" >/proc/sys/kernel/hostname
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
}

# How this machine reaches the registries.
registry_variables() {
  env | grep -E '^([a-z]+_proxy|[A-Z]+_PROXY|NUGET_[A-Z_]+|SSL_CERT_(FILE|DIR))=' || true
}

# Runs a command in a root, in a directory there, with nothing of this machine's environment.
in_root() { # ROOT DIRECTORY COMMAND...
  local root=$1 directory=$2 variables
  shift 2
  mapfile -t variables < <(registry_variables)
  # shellcheck disable=SC2016 # for the shell in there
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${variables[@]}" \
    /bin/sh -c 'cd "$0" && exec "$@"' "$directory" "$@"
}
