// A value as a list of (path, text), one entry for each field, so that two answers are compared
// field by field. Fields of the metadata objects are named by their number in the table of the
// specification (control-plane spec 4): "spec.3" is the third field of a topic's spec.
//
// On the stack of one comparison.
#pragma once

#include "core/wire/object_fields.h"
#include "tests/support/hex.h"

#include <map>
#include <string>
#include <type_traits>

namespace weir::test {

using Fields = std::map<std::string, std::string>;

class FieldDump {
public:
    static constexpr bool kDecoding = false;
    FieldDump(Fields& out, std::string path, wire::Version version)
        : out_(out), path_(std::move(path)), version_(version) {}

    wire::Version version() const { return version_; }

    template <typename... Ts>
    void operator()(const Ts&... values) {
        (next(values), ...);
    }
    template <typename T>
    void at_version(wire::Version, const T& value) {
        next(value);
    }
    // The value itself, without a number.
    template <typename T>
    void whole(const T& value) {
        one(path_, value);
    }

private:
    template <typename T>
    void next(const T& value) {
        one(path_ + "." + std::to_string(++count_), value);
    }

    template <typename T>
    void one(const std::string& path, const T& value) {
        using namespace wire::detail;
        if constexpr (std::is_same_v<T, std::string>) {
            out_[path] = value;
        } else if constexpr (std::is_integral_v<T>) {
            out_[path] = std::to_string(value);
        } else if constexpr (std::is_enum_v<T>) {
            out_[path] = std::to_string(static_cast<int>(value));
        } else if constexpr (kIsStrongInt<T>) {
            out_[path] = std::to_string(value.value());
        } else if constexpr (std::is_same_v<T, Duration>) {
            out_[path] = std::to_string(value.ns());
        } else if constexpr (std::is_same_v<T, Bytes>) {
            out_[path] = to_hex(value);
        } else {
            composite(path, value);
        }
    }

    template <typename T>
    void composite(const std::string& path, const T& value) {
        using namespace wire::detail;
        if constexpr (kIsOptional<T>) {
            if (value.has_value()) {
                one(path, *value);
            } else {
                out_[path] = "none";
            }
        } else if constexpr (kIsVector<T>) {
            out_[path + ".count"] = std::to_string(value.size());
            for (std::size_t i = 0; i < value.size(); ++i) {
                one(path + "[" + std::to_string(i) + "]", value[i]);
            }
        } else if constexpr (kIsMap<T>) {
            out_[path + ".count"] = std::to_string(value.size());
            std::size_t i = 0;
            for (const auto& [key, item] : value) {
                one(path + "[" + std::to_string(i) + "].key", key);
                one(path + "[" + std::to_string(i++) + "]", item);
            }
        } else if constexpr (kIsVariant<T>) {
            out_[path + ".tag"] = std::to_string(value.index());
            std::visit([&](const auto& item) { this->one(path, item); }, value);
        } else {
            FieldDump inner(out_, path, version_);
            fields(inner, value);
        }
    }

    Fields& out_;
    std::string path_;
    wire::Version version_;
    int count_ = 0;
};

template <typename T>
void dump(Fields& out, std::string path, const T& value, wire::Version version) {
    FieldDump(out, std::move(path), version).whole(value);
}

}  // namespace weir::test
