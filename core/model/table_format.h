// Table formats: how a client shows records as a table (control-plane spec 4.7).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/model/object.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

enum class DataFormat : std::uint8_t { json };
enum class ColumnAlignment : std::uint8_t { left, right, center };
enum class ColumnColor : std::uint8_t { blue, yellow, green };

struct TableColumn {
    std::optional<std::string> header_label;
    std::optional<std::string> width;
    std::optional<ColumnAlignment> alignment;
    std::string key_path;
    std::optional<std::string> format;
    std::optional<bool> display;
    std::optional<bool> primary_key;
    std::optional<ColumnColor> header_bg_color;
    std::optional<ColumnColor> header_text_color;
    friend bool operator==(const TableColumn&, const TableColumn&) = default;
};

enum class TableFormatResolution : std::uint8_t { init, invalid, running, pending, failed };

struct TableFormatStatus {
    TableFormatResolution resolution = TableFormatResolution::init;
    std::optional<std::string> reason;
    friend bool operator==(const TableFormatStatus&, const TableFormatStatus&) = default;
};

struct TableFormatSpec {
    using Status = TableFormatStatus;
    static constexpr ObjectKind kKind = ObjectKind::table_format;

    std::string name;
    std::optional<DataFormat> input_format;
    std::optional<std::vector<TableColumn>> columns;
    std::optional<std::string> smartmodule;
    friend bool operator==(const TableFormatSpec&, const TableFormatSpec&) = default;
};

using TableFormatObject = Object<TableFormatSpec>;

}  // namespace weir
