// Bytes from and to hexadecimal text, for golden data in tests.
#pragma once

#include "core/base/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::test {

// White space is skipped; anything else that is not a pair of digits fails the test.
inline Bytes from_hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (const char c : text) {
        int digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c == ' ' || c == '\n') {
            continue;
        } else {
            ADD_FAILURE() << "not hexadecimal: " << c;
            return {};
        }
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(high * 16 + digit));
            high = -1;
        }
    }
    EXPECT_EQ(high, -1) << "odd number of digits";
    return bytes;
}

inline std::string to_hex(ByteSpan bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text.push_back(kDigits[byte >> 4]);
        text.push_back(kDigits[byte & 15U]);
    }
    return text;
}

}  // namespace weir::test
