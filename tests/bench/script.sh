#!/bin/bash
# script.sh : what people script today: a stock Debian with systemd boots on a fresh overlay, ssh is tried each second until it answers.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

boot_and_run systemd.raw
