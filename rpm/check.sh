#!/bin/bash
# Check a package: install it into a scratch root and look at what came out.
#
#   rpm/check.sh RPMFILE
#
# Prints "ok ..." or "not ok ..." for each check; what a failed check saw goes to standard
# error. Exit status 1 if any failed. Root only (rpm changes into the scratch root).
set -uo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

stop() { echo "rpm/check.sh: $1" >&2; echo "(hint: $2)" >&2; exit 1; }

[[ $# -eq 1 ]] || { echo "usage: rpm/check.sh RPMFILE" >&2; exit 64; }
[[ -r $1 ]] || stop "check package, $1: cannot be read" "make rpm"
[[ $(id -u) -eq 0 ]] || stop "check package, $1: only root can" "rpm changes into the scratch root"
for tool in rpm rpmlint visudo groff gzip ldd; do
    command -v "$tool" >/dev/null || stop "check package, $1: $tool is not installed" "on Debian: apt-get install rpm rpmlint sudo groff-base"
done

package=$(readlink -f "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/vmappliance-check.XXXXXXXX")
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
mkdir "$root"
failed=0

# check NAME COMMAND...: one line of the report.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/    /' <<<"$said" >&2
        failed=1
    fi
}

# nothing COMMAND...: it must succeed and print nothing.
nothing() {
    local said
    said=$("$@" 2>&1) && [[ -z $said ]] || { echo "$said"; return 1; }
}

scratch_rpm() { rpm --root "$root" --dbpath /var/lib/rpm "$@"; }
query() { rpm -qp --nosignature --qf "$1" "$package"; }

# --- The package itself ---------------------------------------------------------------

header() { [[ $(query '%{NAME} %{ARCH} %{LICENSE}') == 'vmappliance x86_64 MIT' ]] || { query '%{NAME} %{ARCH} %{LICENSE}\n'; return 1; }; }

# The program is static: rpm must not have found libraries to require.
no_libraries() { ! rpm -qp --nosignature --requires "$package" | grep -E '\.so|^/.*/env'; }

scriptlet() { [[ -n $(query "%{$1}") ]] && query "%{$1}" | sh -n; }

flags_of() { query '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' | sed -n "s|^$1 ||p"; }

has_flags() { [[ $(flags_of "$1") == "$2" ]] || { echo "flags of $1: '$(flags_of "$1")', not '$2'"; return 1; }; }

# Nothing below /etc may be overwritten by an upgrade.
etc_is_configuration() {
    ! query '[%{FILEMODES:perms} %{FILENAMES} %{FILEFLAGS:fflags}\n]' | grep '^-.* /etc/' | grep -v ' cn$'
}

# By name, as rpm will set it: the scratch root has no accounts, so all is root's there.
owned_by_root() { ! query '[%{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]' | grep -v '^root:root '; }

# --- The scratch root -----------------------------------------------------------------

install_package() { scratch_rpm --initdb && scratch_rpm -i --nodeps --noscripts --nosignature "$package"; }

# entry PATH KIND MODE: is it there, and what is it?
entry() {
    local want="$2 $3" is
    is=$(stat -c '%F %a' "$root$1" | sed 's/^regular file/file/; s/^symbolic link/link/') || return 1
    [[ $is == "$want" ]] || { echo "$1 is '$is', not '$want'"; return 1; }
}

# link PATH TARGET: what it says, and that it leads to a program inside the root.
link() {
    entry "$1" link 777 || return 1
    [[ $(readlink "$root$1") == "$2" ]] || { echo "$1 points to '$(readlink "$root$1")', not '$2'"; return 1; }
    local end
    end=$(readlink -f "$root$1")
    [[ $end == "$root"/* && -x $end ]] || { echo "$1 leads to $end"; return 1; }
}

hooks_complete() {
    local have
    have=$(ls "$root/usr/libexec/vmappliance" | tr '\n' ' ')
    [[ $have == 'epilog prolog resume starter suspend terminate xen ' ]] || { echo "hooks: $have"; return 1; }
}

ours() { query '[%{FILENAMES}\n]'; }

installed() { ours | while IFS= read -r path; do [[ -e $root$path || -L $root$path ]] && echo "$root$path"; done; }

find_ours() { installed | tr '\n' '\0' | xargs -0 -I{} find {} -maxdepth 0 "$@"; }

# --- What is in the files -------------------------------------------------------------

is_static() { ldd "$root/usr/bin/vmappliance" 2>&1 | grep -E 'statically linked|not a dynamic executable'; }

no_wildcard() { ! grep -vE '^[[:space:]]*#' "$root/etc/sudoers.d/vmappliance" | grep -nE '[][*?^]'; }

renders() {
    local page=$scratch/${1##*/}
    page=${page%.gz}
    gzip -dc "$root$1" >"$page" || return 1
    nothing groff -mandoc -ww -z -Tutf8 "$page" || return 1
    [[ $(groff -mandoc -Tascii -P-c "$page" | wc -l) -gt 20 ]] || { echo "$1 is all but empty"; return 1; }
    command -v mandoc >/dev/null || return 0
    # Manuals that are not installed here say nothing about ours.
    ! mandoc -T lint -W warning "$page" 2>&1 | grep -v 'not found\|outdated mandoc.db'
}

completes() { bash --norc -c '. "$0" && complete -p vmappliance' "$root/usr/share/bash-completion/completions/vmappliance"; }

unit_is_sound() {
    # The unit is checked alone: it names a program that is not installed on this node.
    for unit in vmappliance-reap.service vmappliance-templates.service vmappliance-templates.timer; do
      sed "s|^ExecStart=/|ExecStart=$root/|" "$root/usr/lib/systemd/system/$unit" >"$scratch/$unit"
      nothing systemd-analyze verify --man=no "$scratch/$unit"
    done
}

removed_cleanly() {
    echo '# edited' >>"$root/etc/vmappliance/vmappliance.ini"
    scratch_rpm -e --nodeps --noscripts vmappliance || return 1
    [[ -e $root/etc/vmappliance/vmappliance.ini.rpmsave ]] || { echo "the edited configuration is gone"; return 1; }
    rm "$root/etc/vmappliance/vmappliance.ini.rpmsave"
    nothing installed_but_etc
}

# rpm keeps the directory in which it saved a file.
installed_but_etc() { installed | grep -vx "$root/etc/vmappliance" || true; }

check "package is vmappliance, x86_64, MIT" header
check "package requires no libraries" no_libraries
for part in PREIN POSTIN PREUN POSTUN; do
    check "scriptlet $part is a shell script" scriptlet "$part"
done
check "vmappliance.ini is configuration that an upgrade keeps" has_flags /etc/vmappliance/vmappliance.ini cn
check "sudoers file is configuration that an upgrade keeps" has_flags /etc/sudoers.d/vmappliance cn
check "everything in /etc is configuration that an upgrade keeps" etc_is_configuration
check "everything belongs to root" owned_by_root
check "/run/vmappliance is not in the package's files" has_flags /run/vmappliance g
check "rpmlint finds no errors" rpmlint -r "$here/vmappliance.rpmlintrc" "$package" "$here/vmappliance.spec"

check "installs into an empty root" install_package
while read -r path kind mode; do
    check "$path is a $kind, $mode" entry "$path" "$kind" "$mode"
done <<'TABLE'
/usr/bin/vmappliance file 755
/usr/libexec/vmappliance directory 755
/usr/libexec/vmappliance/xen directory 755
/usr/libexec/vmappliance/xen/vma-block file 755
/usr/libexec/vmappliance/xen/vma-vif file 755
/etc/vmappliance directory 755
/etc/vmappliance/vmappliance.ini file 644
/etc/sudoers.d/vmappliance file 440
/usr/lib/systemd/system/vmappliance-reap.service file 644
/usr/lib/systemd/system/vmappliance-templates.service file 644
/usr/lib/systemd/system/vmappliance-templates.timer file 644
/usr/lib/tmpfiles.d/vmappliance.conf file 644
/usr/share/bash-completion/completions/vmappliance file 644
/usr/share/man/man8/vmappliance.8.gz file 644
/usr/share/man/man5/vmappliance.ini.5.gz file 644
/usr/share/licenses/vmappliance/LICENSE file 644
/usr/share/vmappliance/sge directory 755
/usr/share/vmappliance/sge/vmappliance-queue file 755
/usr/share/vmappliance/images directory 755
/var/lib/vmappliance directory 755
/var/lib/vmappliance/images directory 700
/var/lib/vmappliance/disks directory 700
/var/lib/vmappliance/sge directory 755
TABLE
for hook in prolog starter epilog suspend resume terminate; do
    check "hook $hook is a link to the program" link "/usr/libexec/vmappliance/$hook" ../../bin/vmappliance
done
check "there are no other hooks" hooks_complete
check "vmappliance-queue is on root's PATH" link /usr/sbin/vmappliance-queue ../share/vmappliance/sge/vmappliance-queue
check "nothing is setuid or setgid" nothing find_ours -perm /6000
check "nothing can be written by others than root" nothing find_ours ! -type l -perm /022
check "rpm finds every file as it was packed" nothing scratch_rpm -V --nodeps --noscripts vmappliance

check "the program is static" is_static
check "the program says how it is called" "$root/usr/bin/vmappliance" --help
check "the shipped configuration is accepted" "$root/usr/bin/vmappliance" --config "$root/etc/vmappliance/vmappliance.ini" maintenance config
check "sudoers file is valid" visudo -cf "$root/etc/sudoers.d/vmappliance"
check "sudoers file has no wildcard" no_wildcard
for page in "$root"/usr/share/man/man?/*; do
    check "manual ${page##*/} renders without a warning" renders "${page#"$root"}"
done
check "bash completion loads" completes
if command -v systemd-analyze >/dev/null; then
    check "systemd unit is sound" unit_is_sound
else
    echo "ok systemd unit # not looked at: systemd-analyze is not installed"
fi
check "removal leaves nothing but an edited configuration" removed_cleanly

exit $failed
