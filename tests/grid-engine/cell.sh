#!/bin/bash
# cell.sh: a one-host Grid Engine cell of the tests' own.
#
#   cell.sh up STATE_DIR [--slots N]       start the cell (packages are installed when missing)
#   cell.sh fetch STATE_DIR                install the packages alone, when they are missing
#   cell.sh down STATE_DIR                 end it and take back everything that up changed, except the packages
#   cell.sh as USER STATE_DIR COMMAND...   run a command of this cell (qsub ...) as USER, in a clean environment
#   cell.sh env STATE_DIR                  print the variables that point a Grid Engine command at this cell
#   cell.sh status STATE_DIR               exit 0 when both queues take jobs
#
# Queues vm.q (N slots, default 2) and native.q (2 slots), parallel environment smp on both, users vmauser1 and vmauser2.
# The whole cell lives under STATE_DIR: a Grid Engine that this machine may have already is never touched.
# What is changed outside of it is written to STATE_DIR/changes before it is done, so that down works after any crash.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
umask 022

readonly users="vmauser1 vmauser2"
readonly packages="gridengine-master gridengine-exec gridengine-client msmtp-mta procps"
readonly binaries=/usr/lib/gridengine defaults=/usr/share/gridengine admin=sgeadmin
readonly hosts=/etc/hosts policy=/usr/sbin/policy-rc.d mark='# vmappliance test cell'

# The supplementary groups that Grid Engine marks a job's processes with. Ours are not those of its default (65400-65500).
# shellcheck disable=SC2034 # used by the two parts that follow
readonly job_group_range=64400-64499 job_groups='644[0-9][0-9]'

here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=cell-processes.sh
. "$here/cell-processes.sh"
# shellcheck source-path=SCRIPTDIR source=cell-configuration.sh
. "$here/cell-configuration.sh"

fail() { # sentence, hint
    printf 'cell: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '(hint: %s)\n' "$2" >&2
    exit 1
}

usage() {
    sed -n '4,9s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

locate() { # STATE_DIR: where the parts of the cell are
    case $1 in
        *[!A-Za-z0-9/._-]*) fail "state directory $1: Grid Engine's configuration cannot hold this name" "use letters, digits and /._-" ;;
        /?*) state=${1%/} ;;
        *) fail "state directory $1: not an absolute path" ;;
    esac
    root=$state/root spool=$state/spool logs=$state/log changes=$state/changes host=$(hostname -s)
}

# Grid Engine's programs find their cell by these, never by what the caller's environment says.
use_cell() {
    [ -r "$state/env" ] || fail "cell $state: it is not there" "start it with: cell.sh up $state"
    unset SGE_ARCH
    # shellcheck disable=SC1091
    . "$state/env"
}

# up, step by step ------------------------------------------------------------------------------------------------

make_state() {
    if [ ! -e "$changes" ]; then
        [ -z "$(ls -A "$state" 2>/dev/null)" ] || fail "state directory $state: it is in use for something else" "name an empty or a new directory"
        local made=kept
        [ -d "$state" ] || made=made
        mkdir -p "$state"
        echo "state $made" > "$changes"
    fi
    chmod 755 "$state" # users and Grid Engine's administrator must get through a mktemp -d directory
    mkdir -p "$logs"
}

remember() { grep -qxF "$1" "$changes" || echo "$1" >> "$changes"; }

install_packages() {
    local package missing=()
    for package in $packages; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    # The packages shall make no cell of their own and start nothing. msmtp-mta is the smallest mail agent that their
    # dependency on one takes; exim4 would come otherwise.
    for package in common master exec client; do
        echo "gridengine-$package shared/gridengineconfig boolean false"
    done | debconf-set-selections
    if [ ! -e $policy ]; then
        remember "file $policy"
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    local try
    for try in 1 2 3; do
        # The first try goes without an update: on most machines the lists are fresh, and an update takes longer than all else.
        [ "$try" = 1 ] || apt-get update -qq >> "$logs/apt" 2>&1 || true
        if apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null >> "$logs/apt" 2>&1; then
            undo_policy
            return 0
        fi
    done
    undo_policy
    tail -n 15 "$logs/apt" >&2
    fail "install ${missing[*]}: apt-get failed" "look above; is a Debian mirror reachable?"
}

name_host() { # the host's own name must lead to an address
    getent hosts "$host" >/dev/null && return 0
    remember "line $hosts"
    [ -z "$(tail -c 1 $hosts)" ] || echo >> $hosts # its last line may lack the end
    echo "127.0.0.1 $host $mark" >> $hosts
}

make_users() {
    local user
    for user in $users; do
        if ! getent passwd "$user" >/dev/null; then
            remember "user $user"
            useradd --create-home --home-dir "/home/$user" --shell /bin/bash --user-group "$user"
        fi
        # Grid Engine's min_uid and min_gid
        if [ "$(id -u "$user")" -lt 1000 ] || [ "$(id -g "$user")" -lt 1000 ]; then fail "user $user: uid and gid must be 1000 or more"; fi
    done
}

pick_ports() {
    local port found=()
    for port in $(seq 7440 7499); do
        # the kernel's table of local addresses, in hex; a cell of the system's own has 6444 and 6445
        grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null || found+=("$port")
        [ ${#found[@]} -lt 2 ] || break
    done
    [ ${#found[@]} = 2 ] || fail "choose ports: none of 7440 to 7499 is free"
    printf 'export SGE_ROOT=%s SGE_CELL=default SGE_QMASTER_PORT=%s SGE_EXECD_PORT=%s\n' "$root" "${found[@]}" > "$state/env.new"
    mv "$state/env.new" "$state/env"
}

up() {
    local began=$SECONDS slots=2
    while [ $# -gt 0 ]; do
        case $1 in
            --slots) case ${2:-} in '' | *[!0-9]* | 0*) usage ;; esac; slots=$2; shift 2 ;;
            *) usage ;;
        esac
    done
    [ "$(id -u)" = 0 ] || fail "start cell $state: only root can" "use sudo"
    make_state
    install_packages
    setpriv --reuid=$admin --regid=$admin --clear-groups test -x "$state" ||
        fail "state directory $state: user $admin cannot reach it" "put it below directories that everyone may pass"
    name_host
    make_users
    [ -e "$state/env" ] || pick_ports
    use_cell
    make_cell
    start_daemon sge_qmaster qconf -sh
    configure_cell "$slots"
    start_daemon sge_execd healthy
    echo "cell: up in $((SECONDS - began)) s (host $host, $slots slots in vm.q, state $state)"
}

# For a cell in a virtual machine that sees this one's files.
fetch() {
    [ $# = 0 ] || usage
    [ "$(id -u)" = 0 ] || fail "install Grid Engine: only root can" "use sudo"
    make_state
    install_packages
    down "$@" >/dev/null
}

# down ------------------------------------------------------------------------------------------------------------

undo_policy() {
    grep -qxF "file $policy" "$changes" || return 0
    rm -f $policy
    sed -i "\\|^file $policy\$|d" "$changes" # from now on it is somebody else's
}

undo_users() {
    local user
    for user in $users; do
        if ! grep -qxF "user $user" "$changes" || ! getent passwd "$user" >/dev/null; then continue; fi
        end_processes "user $user" of_user "$(id -u "$user")"
        userdel --remove "$user" 2>> "$logs/down" || fail "remove user $user: $(tail -n 1 "$logs/down")"
    done
}

undo_hosts() {
    grep -qxF "line $hosts" "$changes" || return 0
    grep -vF "$mark" $hosts > "$state/hosts" || true
    cat "$state/hosts" > $hosts # in place: /etc/hosts may be a bind mount, which cannot be renamed over
}

down() {
    [ $# = 0 ] || usage
    [ "$(id -u)" = 0 ] || fail "end cell $state: only root can" "use sudo"
    [ -e "$changes" ] || { echo "cell: nothing to end in $state"; return 0; }
    if [ -e "$state/env" ]; then
        use_cell
        end_jobs
        end_processes "the daemons" of_daemons
        end_processes "left over jobs" of_cell
    fi
    undo_users
    undo_hosts
    undo_policy
    local made
    made=$(sed -n 's/^state //p' "$changes")
    # changes goes last: whatever stops us before, the next down goes on from it
    find "$state" -mindepth 1 -maxdepth 1 ! -name changes -exec rm -rf {} +
    rm -f "$changes"
    [ "$made" = kept ] || rmdir "$state"
    echo "cell: down"
}

# the rest --------------------------------------------------------------------------------------------------------

as() { # USER COMMAND...
    local user=$1 home
    shift
    [ $# -gt 0 ] || usage
    home=$(getent passwd "$user" | cut -d: -f6)
    [ -n "$home" ] || fail "run $1: no user $user"
    use_cell
    cd "$home"
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
        env -i --default-signal HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C \
        SGE_ROOT="$SGE_ROOT" SGE_CELL="$SGE_CELL" SGE_QMASTER_PORT="$SGE_QMASTER_PORT" SGE_EXECD_PORT="$SGE_EXECD_PORT" "$@"
}

[ $# -gt 0 ] || usage
case $1 in
    up | fetch | down) [ $# -ge 2 ] || usage; verb=$1; locate "$2"; shift 2; "$verb" "$@" ;;
    as) [ $# -ge 4 ] || usage; user=$2; locate "$3"; shift 3; as "$user" "$@" ;;
    env) [ $# = 2 ] || usage; locate "$2"; use_cell; cat "$state/env" ;;
    status) [ $# = 2 ] || usage; locate "$2"; use_cell; qstat -f; healthy ;;
    *) usage ;;
esac
