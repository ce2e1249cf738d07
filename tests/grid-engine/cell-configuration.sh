# shellcheck shell=bash
# shellcheck disable=SC2154 # state, root, spool, logs, admin and what else is not set here are cell.sh's
# cell-configuration.sh: what the test cell is made of. Sourced by cell.sh.
# The first half is written by the spooling tools before the daemons run, the second through qconf.

with_values() { # key value...: the configuration on stdin with these values; long values go on after a backslash in Grid Engine's output
    local script=()
    while [ $# -gt 0 ]; do
        script+=(-e "s|^$1[[:space:]].*|$1 $2|")
        shift 2
    done
    sed -e ':join;/\\$/{N;s/\\\n *//;b join}' "${script[@]}"
}

as_admin() {
    setpriv --reuid="$admin" --regid="$admin" --clear-groups "$@" >> "$logs/cell" 2>&1 || fail "make cell: $*: $(tail -n 1 "$logs/cell")"
}

make_cell() {
    [ ! -e "$state/made" ] || return 0
    local common=$root/default/common part
    rm -rf "$root" "$spool" # of a start that was cut off
    mkdir -p "$common" "$state/tmp" "$spool/qmaster/job_scripts" "$spool/spooldb" "$spool/execd"
    chmod 1777 "$state/tmp"
    for part in util bin lib utilbin; do ln -sfn "/var/lib/gridengine/$part" "$root/$part"; done

    with_values spooling_params "$spool/spooldb" qmaster_spool_dir "$spool/qmaster" < "$defaults/default-bootstrap" > "$common/bootstrap"
    echo "$host" > "$common/act_qmaster"
    name_aliases > "$common/host_aliases"
    chown -R "$admin": "$root/default" "$spool"

    # Hosts that report every 2 s, accounting that can be read when the job has ended, no mail.
    with_values execd_spool_dir "$spool/execd" load_report_time 00:00:02 loglevel log_info mailer /bin/true \
        gid_range "$job_group_range" reporting_params \
        "accounting=true reporting=false flush_time=00:00:00 accounting_flush_time=00:00:00 joblog=false sharelog=00:00:00" \
        < "$defaults/default-configuration" > "$state/global"
    as_admin "$binaries/spoolinit" berkeleydb libspoolb "$spool/spooldb" init
    as_admin "$binaries/spooldefaults" configuration "$state/global"
    as_admin "$binaries/spooldefaults" complexes "$defaults/util/resources/centry"
    as_admin "$binaries/spooldefaults" usersets "$defaults/util/resources/usersets"
    as_admin "$binaries/spooldefaults" managers "$admin" root
    touch "$state/made"
}

# Where the host's name leads to a loopback address that leads back to "localhost", Grid Engine takes itself for a stranger
# ('denied: host "localhost" is neither submit nor admin host'). The first name of a line is the one it uses for all others.
name_aliases() {
    local address names
    address=$(getent hosts "$host" | awk '{ print $1; exit }')
    case $address in 127.* | ::1) ;; *) return 0 ;; esac
    names=$({ getent hosts "$address"; awk '$1 ~ /^127\./ || $1 == "::1" { print }' "$hosts"; echo "- localhost $(hostname)"; } |
        sed 's/#.*//' | awk '{ for (i = 2; i <= NF; i++) print $i }' | grep -vxF "$host" | sort -u | tr '\n' ' ')
    echo "$host $names"
}

qconf_file() { # option, object: hands stdin to qconf
    cat > "$state/object"
    qconf "$1" "$state/object" >> "$logs/cell" 2>&1 || fail "configure cell: qconf $1 ($2): $(tail -n 1 "$logs/cell")"
}

configure_cell() { # slots of vm.q
    local option
    if [ -e "$state/configured" ]; then
        qconf -rattr queue slots "$1" vm.q >> "$logs/cell" 2>&1
        return 0
    fi
    for option in -as -ah; do qconf $option "$host" >> "$logs/cell" 2>&1 || true; done # it may be one already
    qconf -sel 2>/dev/null | grep -qxF "$host" ||
        printf '%s\n' "hostname $host" "load_scaling NONE" "complex_values NONE" "user_lists NONE" "xuser_lists NONE" "projects NONE" \
            "xprojects NONE" "usage_scaling NONE" "report_variables NONE" | qconf_file -Ae "host $host"
    # a scheduling pass at once when a job comes or goes
    qconf -ssconf | with_values schedule_interval 0:0:1 flush_submit_sec 1 flush_finish_sec 1 | qconf_file -Msconf scheduler
    qconf -sp smp >/dev/null 2>&1 ||
        printf '%s\n' "pe_name smp" "slots 999" "user_lists NONE" "xuser_lists NONE" "start_proc_args NONE" "stop_proc_args NONE" \
            "allocation_rule \$pe_slots" "control_slaves TRUE" "job_is_first_task TRUE" "urgency_slots min" "accounting_summary FALSE" \
            "qsort_args NONE" | qconf_file -Ap "parallel environment smp"
    add_queue vm.q "$1"
    add_queue native.q 2
    touch "$state/configured"
}

add_queue() { # name, slots
    ! qconf -sq "$1" >/dev/null 2>&1 || return 0
    # load_thresholds: a busy test machine must not put the queue in alarm state
    qconf -sq | with_values qname "$1" hostlist "$host" slots "$2" qtype "BATCH INTERACTIVE" pe_list smp load_thresholds NONE \
        shell /bin/bash shell_start_mode posix_compliant rerun FALSE notify 00:00:05 tmpdir "$state/tmp" | qconf_file -Aq "queue $1"
}

healthy() { # both queue instances are known to the execution daemon and free of states
    timeout 10 qstat -f 2>/dev/null | awk '
        $1 ~ /^(vm|native)\.q@/ { seen++; if ($5 == "-NA-" || NF > 5) bad++ }
        END { exit !(seen == 2 && !bad) }'
}
