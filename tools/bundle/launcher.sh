#!/bin/sh
# Runs the bundle that lies beside this file with a Node that is new enough: the project's own, else the one on PATH.
# Knows no commands and no flags.
set -eu
oldest=24

file=$0
while [ -L "$file" ]; do
  target=$(readlink -- "$file")
  case $target in
    /*) file=$target ;;
    *) file=$(dirname -- "$file")/$target ;;
  esac
done
# A CDPATH of the user's would make cd print.
here=$(CDPATH='' cd -- "$(dirname -- "$file")" && pwd -P)

node=$here/../node_modules/.bin/node
[ -x "$node" ] || node=node
version=$("$node" --version 2>/dev/null) || version=none
major=${version#v}
major=${major%%.*}
if [ "$version" = none ] || [ "$major" -lt "$oldest" ]; then
  echo "conjoin needs Node $oldest or newer on PATH and found $version" >&2
  exit 1
fi
# Why these settings: tools/bundle/node-flags.ts.
export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=131072
exec "$node" --enable-source-maps --max-semi-space-size=4 --heap-growing-percent=20 "$here/conjoin.mjs" "$@"
