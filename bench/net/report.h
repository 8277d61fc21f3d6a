// What was measured, as one table for people and as JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::bench {

// One line: a figure, the limit of the machine that was probed beside it, and their ratio.
struct Row {
    std::string name;
    double value = 0;
    std::string unit;
    std::string limit_name;
    std::optional<double> limit;
    // The bound on value / limit, or on value itself: at least, or at most.
    bool goal_is_ratio = true;
    std::optional<double> goal_min;
    std::optional<double> goal_max;
    // More about the same run, such as percentiles and processor time.
    std::vector<std::pair<std::string, double>> details;

    std::optional<double> ratio() const;
    // Nothing without a goal.
    std::optional<bool> met() const;
};

class Report {
public:
    void add(Row row) { rows_.push_back(std::move(row)); }
    void print_table() const;
    std::string to_json() const;

private:
    std::vector<Row> rows_;
};

double median(std::vector<double> values);

}  // namespace weir::bench
