#!/bin/sh
# need.sh PACKAGE... : installs the Debian packages that are missing. Says nothing when none is.
set -eu
missing=
for package in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "install packages,$missing: only root can (hint: sudo apt-get install$missing)" >&2; exit 1; }
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be older than the archive: refresh them once and try again.
# shellcheck disable=SC2086 # one word per package
for attempt in fresh stale; do
  apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $missing >"$log" 2>&1 && exit 0
  [ "$attempt" = stale ] || apt-get update -qq >>"$log" 2>&1 || true
done
echo "install packages,$missing: apt-get failed:" >&2
tail -5 "$log" >&2
exit 1
