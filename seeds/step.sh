#!/bin/sh
# A step of `make demo`: its title, what it prints, and the seconds that it takes. sh step.sh TITLE COMMAND...
echo "-- $1"
shift
begin=$(date +%s)
"$@" || exit
echo "   ($(($(date +%s) - begin)) s)"
