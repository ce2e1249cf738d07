#!/bin/bash
# Build the RPM from the binary that "make build" left in out/.
#
#   rpm/build.sh OUTDIR [VERSION]
#
# VERSION defaults to the one in Directory.Build.props. Prints the path of the package.
# The same input gives the same package, byte for byte.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() { echo "rpm/build.sh: $1" >&2; echo "(hint: $2)" >&2; exit 1; }

[[ $# -ge 1 && $# -le 2 ]] || { echo "usage: rpm/build.sh OUTDIR [VERSION]" >&2; exit 64; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
mkdir -p "$1"
outdir=$(cd "$1" && pwd -P)
version=${2:-$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$root/Directory.Build.props")}

[[ $version =~ ^[0-9][0-9A-Za-z.~]*$ ]] ||
    fail "build package, version '$version': not a version an RPM can have" "digits, letters, '.' and '~', a digit first"
command -v rpmbuild >/dev/null || fail "build package: rpmbuild is not installed" "install rpm-build, on Debian: apt-get install rpm"
[[ -x $root/out/vmappliance ]] || fail "build package, out/vmappliance: no such program" "make build"

# rpmbuild's tree, away from the checkout and from the caller's ~/rpmbuild.
top=$(mktemp -d "${TMPDIR:-/tmp}/vmappliance-rpm.XXXXXXXX")
trap 'rm -rf "$top"' EXIT

source=$top/vmappliance-$version
mkdir -p "$source" "$top/SOURCES"
cp "$root/out/vmappliance" "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$source"
cp -R "$root/packaging" "$source"
tar -C "$top" -czf "$top/SOURCES/vmappliance-$version.tar.gz" "vmappliance-$version"

# --nodeps: what a build needs is not registered with rpm on systems of another kind.
if ! rpmbuild -bb --nodeps --target x86_64 \
    --define "_topdir $top" \
    --define "_tmppath $top" \
    --define "vma_version $version" \
    --define "_buildhost localhost" \
    --define "source_date_epoch_from_changelog 1" \
    --define "use_source_date_epoch_as_buildtime 1" \
    --define "clamp_mtime_to_source_date_epoch 1" \
    "$root/rpm/vmappliance.spec" >"$top/log" 2>&1
then
    tail -n 30 "$top/log" >&2
    fail "build package, rpm/vmappliance.spec: rpmbuild failed" "the end of its log is above"
fi

package=$(find "$top/RPMS" -name '*.rpm')
install -m 0644 "$package" "$outdir"
echo "$outdir/${package##*/}"
