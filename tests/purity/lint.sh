#!/bin/sh
# The rules of the tree, as `make lint` checks them.
exec "$(dirname "$0")/../../scripts/dev/lint"
