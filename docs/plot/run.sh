#!/bin/sh
# Measures the downtimes that docs/downtime.svg shows, and draws it:
#
#   docs/plot/run.sh
#
# It writes downtime.csv beside this script, and downtime.svg in docs/. The CSV begins with the command and the host.
# RAM, RUNS and WARMUP may be set to other values; LAUNCHER to another cli/bin/pageflip.
# The largest guest is copied for two of the lines, so it needs twice its RAM. Run it on a machine that does nothing else.
set -eu

here=$(dirname "$(readlink -f -- "$0")")
launcher=${LAUNCHER:-$here/../../cli/bin/pageflip}
ram=${RAM:-64M,256M,1G,4G}
runs=${RUNS:-10}
warmup=${WARMUP:-1}

report=$(mktemp)
trap 'rm -f "$report"' EXIT

set -- compare --ram "$ram" --mechanism flip,stream --schedule handover,postcopy,precopy,stop-and-move \
    --backing memfd --runs "$runs" --warmup "$warmup" --no-verify --run-after 0.05
"$launcher" "$@" --export-json "$report"

python3 "$here/plot.py" extract "$report" "$here/downtime.csv" "cli/bin/pageflip $*"
python3 "$here/plot.py" draw "$here/downtime.csv" "$here/../downtime.svg"
