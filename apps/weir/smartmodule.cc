#include "apps/weir/smartmodule.h"

#include "apps/weir/documents.h"
#include "apps/weir/files.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/admin.h"
#include "core/client/compression.h"
#include "core/control/topic_rules.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace weir::cli {
namespace {

// What every binary module begins with.
constexpr std::string_view kWasmMagic("\0asm", 4);

std::string qualified_name(const SmartModuleObject& module) {
    if (!module.spec.meta.has_value()) {
        return module.name;
    }
    const SmartModulePackage& package = module.spec.meta->package;
    return fmt::format("{}/{}@{}", package.group, package.name, package.version);
}

Task<Result<void>> create(Session& session, const SmartModuleCreateOptions& options) {
    if (const auto wrong = control::check_resource_name(options.name); wrong.has_value()) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("'{}' cannot name a SmartModule: {}", options.name, *wrong));
    }
    WEIR_CO_TRY(const std::string wasm, read_file(options.wasm_file));
    WEIR_CO_TRY(SmartModuleSpec spec, make_smartmodule_spec(wasm, options.wasm_file));
    client::Admin admin(session.client);
    std::string name = options.name;
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_object(std::move(name), std::move(spec), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("smartmodule \"{}\" has been created.", options.name));
    co_return Result<void>();
}

Task<Result<void>> list(Session& session, const SmartModuleListOptions& options,
                        OutputFormat format) {
    client::Admin admin(session.client);
    std::vector<std::string> filters;
    if (options.filter.has_value()) {
        filters.push_back(*options.filter);
    }
    WEIR_CO_TRY(const std::vector<SmartModuleObject> modules,
                co_await admin.smartmodules(std::move(filters), session.stop));
    show(format, smartmodule_table(modules), "no smartmodules", to_documents(modules));
    co_return Result<void>();
}

Task<Result<void>> watch(Session& session, const SmartModuleListOptions& options,
                         OutputFormat format) {
    client::Admin admin(session.client);
    wire::WatchRequest request;
    request.kind = ObjectKind::smartmodule;
    request.summary = true;
    WEIR_CO_TRY(client::AnswerStream changes,
                co_await admin.watch(std::move(request), session.stop));
    while (true) {
        // Only that there is one counts: the list says what there is now.
        const Result<BufferSlice> change = co_await changes.next(session.stop);
        if (!change.has_value() && change.error().code != ErrorCode::cancelled) {
            co_return fail(change.error().code,
                           fmt::format("the watch has ended, {}; `weir cluster status` shows "
                                       "whether the cluster still runs",
                                       change.error().context));
        }
        WEIR_CO_CHECK(change);
        print_line("");
        WEIR_CO_CHECK(co_await list(session, options, format));
        std::fflush(stdout);
    }
}

Task<Result<void>> remove(Session& session, const SmartModuleDeleteOptions& options) {
    client::Admin admin(session.client);
    std::optional<Error> failed;
    for (const std::string& name : options.names) {
        std::string copy = name;
        WEIR_CO_TRY(
            const wire::Status status,
            co_await admin.delete_object(ObjectKind::smartmodule, std::move(copy), session.stop));
        if (const Result<void> removed = check(status); removed.has_value()) {
            print_line(fmt::format("smartmodule \"{}\" deleted", name));
        } else if (options.continue_on_error) {
            print_error(fmt::format("smartmodule \"{}\" delete failed with: {}", name,
                                    removed.error().context));
            failed = Error(ErrorCode::invalid_argument, "some SmartModules were not deleted");
        } else {
            co_return fail(removed.error());
        }
    }
    if (failed.has_value()) {
        co_return fail(*std::move(failed));
    }
    co_return Result<void>();
}

}  // namespace

Result<SmartModuleSpec> make_smartmodule_spec(std::string_view wasm, const std::string& path) {
    if (!wasm.starts_with(kWasmMagic)) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is not a WebAssembly module: build one with `smdk build`, or "
                                "with the target wasm32-unknown-unknown of your compiler",
                                path));
    }
    SmartModuleSpec spec;
    WEIR_TRY(spec.payload, client::compress(client::Codec::gzip, as_bytes(wasm)));
    return spec;
}

Table smartmodule_table(const std::vector<SmartModuleObject>& modules) {
    Table table;
    table.header = {"SMARTMODULE", "SIZE"};
    for (const SmartModuleObject& module : modules) {
        const std::uint64_t size =
            module.spec.summary_wasm_size_bytes.value_or(module.spec.payload.size());
        table.rows.push_back({qualified_name(module), format_size(size)});
    }
    return table;
}

int smartmodule_create(const Target& target, const SmartModuleCreateOptions& options) {
    return run_session(target, &create, options);
}

int smartmodule_list(const Target& target, const SmartModuleListOptions& options) {
    return run_listing(target, &list, options);
}

int smartmodule_watch(const Target& target, const SmartModuleListOptions& options) {
    return run_listing(target, &watch, options);
}

int smartmodule_delete(const Target& target, const SmartModuleDeleteOptions& options) {
    return run_session(target, &remove, options);
}

}  // namespace weir::cli
