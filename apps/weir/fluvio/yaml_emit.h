// Writing a YAML file; for yaml_write_*.cc only.
//
// Pure, any executor. `put` writes one entry of the map that is open.
#pragma once

#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>
#include <yaml-cpp/yaml.h>

namespace weir::cli::fluvio {

using YAML::Emitter;

inline bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// Text that no reader takes for a number, a truth value or nothing.
inline bool is_plain(std::string_view text) {
    constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no",
                                                        "on",   "off",  "y",     "n"};
    std::string lower;
    for (const char c : text) {
        const bool fits =
            is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
        if (!fits) {
            return false;
        }
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return !text.empty() && is_letter(text[0]) &&
           std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

// `out << key("name")`, then the value.
struct Key {
    const char* name;
};
inline Key key(const char* name) {
    return Key{name};
}
inline Emitter& operator<<(Emitter& out, Key key) {
    return out << YAML::Key << key.name << YAML::Value;
}

struct Text {
    std::string_view text;
};
inline Emitter& operator<<(Emitter& out, Text text) {
    if (!is_plain(text.text)) {
        out << YAML::DoubleQuoted;
    }
    return out << std::string(text.text);
}

template <typename T>
void put(Emitter& out, const char* name, const T& value) {
    out << key(name);
    if constexpr (std::is_convertible_v<T, std::string_view>) {
        out << Text{value};
    } else {
        out << value;
    }
}

template <typename T>
void put(Emitter& out, const char* name, const std::optional<T>& value) {
    if (value.has_value()) {
        put(out, name, *value);
    } else {
        out << key(name) << YAML::Null;
    }
}

template <typename E, std::size_t N>
void put_named(Emitter& out, const char* name, E value, const Names<N>& names) {
    put(out, name, name_at(names, value));
}

template <typename E, std::size_t N>
void put_named(Emitter& out, const char* name, std::optional<E> value, const Names<N>& names) {
    std::optional<std::string_view> text;
    if (value.has_value()) {
        text = name_at(names, *value);
    }
    put(out, name, text);
}

inline void put_ids(Emitter& out, const std::vector<SpuId>& ids) {
    out << YAML::BeginSeq;
    for (const SpuId id : ids) {
        out << id.value();
    }
    out << YAML::EndSeq;
}

inline void begin_variant(Emitter& out, const char* name, const char* variant) {
    out << key(name) << YAML::LocalTag(variant) << YAML::BeginMap;
}

inline void begin_map(Emitter& out, const char* name) {
    out << key(name) << YAML::BeginMap;
}

// The whole file; `put_spec` and `put_status` write the entries of those two maps.
template <typename Spec>
std::string write_object(const Object<Spec>& object, const Kin& kin,
                         void (*put_spec)(Emitter&, const Spec&),
                         void (*put_status)(Emitter&, const typename Spec::Status&)) {
    Emitter out;
    out.SetNullFormat(YAML::LowerNull);
    out << YAML::LocalTag(std::string(kFormatTag.substr(1))) << YAML::BeginMap;
    begin_map(out, "meta");
    put(out, "id", object.name);
    put(out, "revision", 0);
    if (kin.parent.has_value()) {
        begin_map(out, "parent");
        put(out, "id", *kin.parent);
        put(out, "revision", 0);
        out << YAML::EndMap;
    }
    if (!kin.children.empty()) {
        begin_map(out, "children");
        out << key("Partition") << YAML::BeginSeq;
        for (const std::string& child : kin.children) {
            out << YAML::BeginMap;
            put(out, "id", child);
            put(out, "revision", 0);
            out << YAML::EndMap;
        }
        out << YAML::EndSeq << YAML::EndMap;
    }
    out << YAML::EndMap;
    put(out, "key", object.name);
    if constexpr (std::is_empty_v<typename Spec::Status>) {
        out << key("status") << YAML::Null;
    } else {
        begin_map(out, "status");
        put_status(out, object.status);
        out << YAML::EndMap;
    }
    begin_map(out, "spec");
    put_spec(out, object.spec);
    out << YAML::EndMap << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
}

}  // namespace weir::cli::fluvio
