// SmartModules: user code in WebAssembly that runs next to the data (control-plane spec 4.6).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/base/bytes.h"
#include "core/model/object.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace weir {

enum class SmartModuleVisibility : std::uint8_t { hidden, open };
enum class WasmFormat : std::uint8_t { binary, text };

struct SmartModulePackage {
    std::string name;
    std::string group;
    // Semantic versions.
    std::string version;
    std::string api_version;
    std::optional<std::string> description;
    std::optional<std::string> license;
    SmartModuleVisibility visibility = SmartModuleVisibility::hidden;
    std::optional<std::string> repository;
    friend bool operator==(const SmartModulePackage&, const SmartModulePackage&) = default;
};

struct SmartModuleParam {
    std::optional<std::string> description;
    bool optional = false;
    friend bool operator==(const SmartModuleParam&, const SmartModuleParam&) = default;
};

struct SmartModuleMetadata {
    SmartModulePackage package;
    std::map<std::string, SmartModuleParam> params;
    friend bool operator==(const SmartModuleMetadata&, const SmartModuleMetadata&) = default;
};

struct SmartModuleStatus {
    friend bool operator==(const SmartModuleStatus&, const SmartModuleStatus&) = default;
};

struct SmartModuleSpec {
    using Status = SmartModuleStatus;
    static constexpr ObjectKind kKind = ObjectKind::smartmodule;

    std::optional<SmartModuleMetadata> meta;
    // Size of the stored payload in bytes; set when a list leaves the payload out.
    std::optional<std::uint32_t> summary_wasm_size_bytes;
    WasmFormat format = WasmFormat::binary;
    // The gzip-compressed module as the client sent it.
    Bytes payload;
    friend bool operator==(const SmartModuleSpec&, const SmartModuleSpec&) = default;
};

using SmartModuleObject = Object<SmartModuleSpec>;

}  // namespace weir
