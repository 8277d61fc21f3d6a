// `weir smartmodule ...`: the modules that the servers keep (control-plane spec 9). They do not run
// them yet.
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/base/bytes.h"
#include "core/model/smartmodule.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct SmartModuleCreateOptions {
    std::string name;
    std::string wasm_file;
};

struct SmartModuleListOptions {
    std::string output = "table";
    // A name, qualified or not.
    std::optional<std::string> filter;
};

struct SmartModuleDeleteOptions {
    std::vector<std::string> names;
    bool continue_on_error = false;
};

// What is sent for the bytes of a .wasm file: compressed, as the servers keep it. invalid_argument:
// it is no WebAssembly.
Result<SmartModuleSpec> make_smartmodule_spec(std::string_view wasm, const std::string& path);
Table smartmodule_table(const std::vector<SmartModuleObject>& modules);

int smartmodule_create(const Target& target, const SmartModuleCreateOptions& options);
int smartmodule_list(const Target& target, const SmartModuleListOptions& options);
// Lists again after every change, until it is interrupted.
int smartmodule_watch(const Target& target, const SmartModuleListOptions& options);
int smartmodule_delete(const Target& target, const SmartModuleDeleteOptions& options);

}  // namespace weir::cli
