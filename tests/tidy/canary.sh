#!/bin/sh
# Fails on purpose. ctest must see it fail (WILL_FAIL); if it ever passes, failures go unnoticed.
exit 1
