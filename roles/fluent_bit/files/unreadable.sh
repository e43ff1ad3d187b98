#!/bin/sh
# Prints which of the files that the patterns stand for a user may not read.
user=$1
shift
IFS= # a pattern is one word
# shellcheck disable=SC2016  # the other shell is to expand them
ask='for file; do test -r "$file" || echo "$file"; done'
for pattern; do
    # shellcheck disable=SC2086  # the shell is to find the files, as root
    for file in $pattern; do
        if [ -f "$file" ]; then printf '%s\0' "$file"; fi
    done
done | runuser -u "$user" -- xargs -0 -r sh -c "$ask" sh
