#include "apps/weir/table_format.h"

#include "apps/weir/documents.h"
#include "apps/weir/files.h"
#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_names.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace weir::cli {
namespace {

Task<Result<void>> create(Session& session, const TableFormatCreateOptions& options) {
    WEIR_CO_TRY(const std::string text, read_file(options.config_file));
    Result<TableFormatSpec> read = fluvio::table_format_from_yaml(text);
    if (!read.has_value()) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("{} is not a table format: {}; it needs a `name`, and "
                                   "`columns` with a `keyPath` each",
                                   options.config_file, read.error().context));
    }
    TableFormatSpec spec = *std::move(read);
    const std::string name = spec.name;
    std::string key = name;
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_object(std::move(key), std::move(spec), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("tableformat \"{}\" created", name));
    co_return Result<void>();
}

Task<Result<void>> list(Session& session, const TableFormatListOptions&, OutputFormat format) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<TableFormatObject> formats,
                co_await admin.table_formats(session.stop));
    show(format, table_format_table(formats), "no tableformats", to_documents(formats));
    co_return Result<void>();
}

Task<Result<void>> remove(Session& session, const TableFormatDeleteOptions& options) {
    client::Admin admin(session.client);
    std::string name = options.name;
    WEIR_CO_TRY(
        const wire::Status status,
        co_await admin.delete_object(ObjectKind::table_format, std::move(name), session.stop));
    co_return check(status);
}

}  // namespace

Table table_format_table(const std::vector<TableFormatObject>& formats) {
    Table table;
    table.header = {"NAME", "STATUS"};
    table.right_aligned = true;
    for (const TableFormatObject& format : formats) {
        table.rows.push_back(
            {format.name, std::string(fluvio::name_at(fluvio::kTableFormatResolutionNames,
                                                      format.status.resolution))});
    }
    return table;
}

int table_format_create(const Target& target, const TableFormatCreateOptions& options) {
    return run_session(target, &create, options);
}

int table_format_list(const Target& target, const TableFormatListOptions& options) {
    return run_listing(target, &list, options);
}

int table_format_delete(const Target& target, const TableFormatDeleteOptions& options) {
    return run_session(target, &remove, options);
}

}  // namespace weir::cli
