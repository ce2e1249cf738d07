#!/bin/bash
# fresh.sh [COMMAND...] : runs make demo and then make test, or COMMAND, in a clone of this checkout's last commit, on a machine that nobody
# has used: a Debian 12 with the SDK, and nothing else. Nothing stays of it but what it said: out/fresh/*.log.
# Last line: N passed, N failed, N skipped. Exit status 0 only if none failed and none was skipped.
set -euo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
cd "$here/../.."

readonly release=bookworm size=60G out=out/fresh clone=/srv/vmappliance
# What the SDK's own package would bring along, and what it takes to come as far as to make demo.
readonly packages=ca-certificates,make,git,libicu72,libssl3,libstdc++6,zlib1g

add_sdk() { # ROOT
  local sdk
  sdk=$(dirname "$(readlink -f "$(type -P dotnet)")")
  [ -x "$sdk/dotnet" ] || fail "find SDK, dotnet: not installed" "install the .NET 10 SDK"
  mkdir -p "$1/usr/share/dotnet"
  mount --bind -o ro "$sdk" "$1/usr/share/dotnet"
  ln -s /usr/share/dotnet/dotnet "$1/usr/bin/dotnet"
  if [ -e ~/.nuget/NuGet ]; then
    mkdir "$1/root/.nuget"
    cp -rLT ~/.nuget/NuGet "$1/root/.nuget/NuGet"
  fi
}

step() { # NAME COMMAND...
  local started=$SECONDS status=0
  echo "== fresh: $1"
  in_root "$place/root" "$clone" "${@:2}" 2>&1 | tee "$out/$1.log" || status=$?
  echo "== fresh: $1: $((SECONDS - started)) s"
  return $status
}

inside() { # [COMMAND...]
  local started=$SECONDS status=0
  place=$PWD/$out/machine
  rm -f "$out"/*.log
  mount_disk "$size" "$place"
  make_root "$release" "$place/root" "$packages"
  furnish "$place/root" fresh
  add_sdk "$place/root"
  git clone --quiet "$PWD" "$place/root$clone"
  echo "== fresh: root: $((SECONDS - started)) s"
  if [ $# -gt 0 ]; then
    step command "$@"
    return
  fi
  step demo make demo || { echo "0 passed, 1 failed, 0 skipped"; return 1; }
  step test make test || status=$?
  cp "$place/root$clone"/out/test/*.log "$out" 2>/dev/null || true
  judge "$status"
}

# The closing line once more, now that others have spoken. A test that was skipped has tested nothing.
judge() { # STATUS
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out/test.log" | tail -n 1)
  [[ ${line:-none} == *", 0 failed, 0 skipped" ]] || complain "run tests: ${line:-they did not come to their end}" "$out has the logs"
  echo "${line:-0 passed, 1 failed, 0 skipped}"
  [[ $1 == 0 && $line == *", 0 failed, 0 skipped" ]]
}

require_root
mkdir -p "$out"
if [ "${1-}" = --inside ]; then
  inside "${@:2}"
else
  enter "$@"
fi
