// `weir table-format ...`: how clients may show records as tables (control-plane spec 9).
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/model/table_format.h"

#include <string>
#include <vector>

namespace weir::cli {

struct TableFormatCreateOptions {
    // YAML: the spec, with Fluvio's names.
    std::string config_file;
};

struct TableFormatListOptions {
    std::string output = "table";
};

struct TableFormatDeleteOptions {
    std::string name;
};

Table table_format_table(const std::vector<TableFormatObject>& formats);

int table_format_create(const Target& target, const TableFormatCreateOptions& options);
int table_format_list(const Target& target, const TableFormatListOptions& options);
int table_format_delete(const Target& target, const TableFormatDeleteOptions& options);

}  // namespace weir::cli
