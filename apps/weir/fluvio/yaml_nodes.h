// Reading the nodes of a parsed YAML file; for yaml_read_*.cc only.
//
// Pure, any executor. What does not fit is thrown as the library's own exception, with its line,
// and becomes a value in read_object().
#pragma once

#include "apps/weir/fluvio/yaml_names.h"
#include "core/base/result.h"
#include "core/model/object.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <yaml-cpp/yaml.h>

namespace weir::cli::fluvio {

using YAML::Node;

[[noreturn]] inline void refuse(const Node& at, const std::string& what) {
    throw YAML::RepresentationException(at.Mark(), what);
}

inline bool same_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

inline bool has_value(const Node& map, const char* name) {
    const Node found = map[name];
    return found.IsDefined() && !found.IsNull();
}

inline Node need(const Node& map, const char* name) {
    const Node found = map[name];
    if (!found.IsDefined()) {
        refuse(map, fmt::format("there is no '{}'", name));
    }
    return found;
}

template <typename T>
T get(const Node& map, const char* name) {
    return need(map, name).as<T>();
}

template <typename T>
T get_or(const Node& map, const char* name, T fallback) {
    return has_value(map, name) ? map[name].as<T>() : fallback;
}

template <typename T>
std::optional<T> maybe(const Node& map, const char* name) {
    return has_value(map, name) ? std::optional<T>(map[name].as<T>()) : std::nullopt;
}

template <typename E, std::size_t N>
E named(const Node& node, const Names<N>& names) {
    const auto text = node.as<std::string>();
    for (std::size_t i = 0; i < N; ++i) {
        if (same_letters(names[i], text)) {
            return static_cast<E>(i);
        }
    }
    refuse(node, fmt::format("'{}' is not one of the values that are known here", text));
}

template <typename E, std::size_t N>
std::optional<E> maybe_named(const Node& map, const char* name, const Names<N>& names) {
    return has_value(map, name) ? std::optional<E>(named<E>(map[name], names)) : std::nullopt;
}

// `!name content`, or a map with the one key `name`.
struct Variant {
    std::string name;
    Node content;
};

inline Variant variant_of(const Node& node) {
    const std::string& tag = node.Tag();
    if (tag.size() > 1 && tag[0] == '!') {
        return {tag.substr(1), node};
    }
    if (!node.IsMap() || node.size() != 1) {
        refuse(node, "a variant, such as '!computed', is missing");
    }
    return {node.begin()->first.as<std::string>(), node.begin()->second};
}

inline tl::unexpected<Error> invalid_yaml(const YAML::Exception& error) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("line {}: {}", error.mark.line + 1, error.msg));
}

template <typename Spec>
Result<Object<Spec>> read_object(const std::string& text, void (*read_spec)(const Node&, Spec&),
                                 void (*read_status)(const Node&, typename Spec::Status&)) {
    try {
        const Node root = YAML::Load(text);
        if (!root.IsMap() || root.Tag() != kFormatTag) {
            return fail(
                ErrorCode::not_supported,
                fmt::format("the format is '{}'; only '{}' is known", root.Tag(), kFormatTag));
        }
        Object<Spec> object;
        object.name = get<std::string>(root, "key");
        read_spec(need(root, "spec"), object.spec);
        if (has_value(root, "status")) {
            read_status(root["status"], object.status);
        }
        return object;
    } catch (const YAML::Exception& error) {
        return invalid_yaml(error);
    }
}

}  // namespace weir::cli::fluvio
