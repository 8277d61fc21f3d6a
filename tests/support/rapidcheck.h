// RapidCheck with its GoogleTest bridge.
//
// The bridge does not include gtest itself and fails to compile when it comes first; include this
// header instead of either, so that no sorter of includes can break the order.
#pragma once

// clang-format off
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
// clang-format on
