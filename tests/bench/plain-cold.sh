#!/bin/bash
# plain-cold.sh : as script.sh, but our small image, whose init starts the network and sshd and nothing else: the difference is systemd's.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

boot_and_run plain.raw
