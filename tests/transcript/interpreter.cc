#include "tests/transcript/interpreter.h"

#include "tests/transcript/stage.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::replication::transcript {

namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

Result<std::int64_t> number_of(const std::string& word) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number < 0) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a number", word));
    }
    return number;
}

class Interpreter {
public:
    // The lines that the command prints.
    Result<std::vector<std::string>> run(const std::string& line);

private:
    Result<void> cluster(const Words& words);
    Result<void> on_spu(const Words& words);
    Result<void> on_way(const Words& words);
    Result<void> on_partition(const Words& words);
    Result<SpuId> spu_of(const Words& words, std::size_t index) const;

    std::optional<Stage> stage_;
};

Result<std::vector<std::string>> Interpreter::run(const std::string& line) {
    const Words words = words_of(line);
    if (words.empty()) {
        return fail(ErrorCode::invalid_argument, "no command");
    }
    using Handler = Result<void> (Interpreter::*)(const Words&);
    static const std::map<std::string_view, Handler> kHandlers = {
        {"start", &Interpreter::on_spu},          {"stop", &Interpreter::on_spu},
        {"kill", &Interpreter::on_spu},           {"power-loss", &Interpreter::on_spu},
        {"wipe", &Interpreter::on_spu},           {"fence", &Interpreter::on_spu},
        {"unfence", &Interpreter::on_spu},        {"move", &Interpreter::on_spu},
        {"probe", &Interpreter::on_spu},          {"produce", &Interpreter::on_spu},
        {"sync", &Interpreter::on_spu},           {"push", &Interpreter::on_spu},
        {"tick", &Interpreter::on_spu},           {"deliver", &Interpreter::on_way},
        {"drop", &Interpreter::on_way},           {"part", &Interpreter::on_way},
        {"begin", &Interpreter::on_partition},    {"create", &Interpreter::on_partition},
        {"elect", &Interpreter::on_partition},    {"restart-sc", &Interpreter::on_partition},
        {"reassign", &Interpreter::on_partition}, {"settle", &Interpreter::on_partition},
        {"wait", &Interpreter::on_partition},     {"show", &Interpreter::on_partition},
    };
    if (words[0] == "cluster") {
        WEIR_CHECK(cluster(words));
        return std::vector<std::string>();
    }
    if (!stage_.has_value()) {
        return fail(ErrorCode::invalid_argument, "the first command has to be 'cluster'");
    }
    const auto handler = kHandlers.find(words[0]);
    if (handler == kHandlers.end()) {
        return fail(ErrorCode::invalid_argument, fmt::format("no command '{}'", words[0]));
    }
    WEIR_CHECK((this->*handler->second)(words));
    stage_->check();
    return stage_->take_lines();
}

// cluster SPUS [replicas N] [min-live N] [async]
Result<void> Interpreter::cluster(const Words& words) {
    Stage::Size size;
    if (words.size() < 2) {
        return fail(ErrorCode::invalid_argument, "how many SPUs?");
    }
    WEIR_TRY(const std::int64_t spus, number_of(words[1]));
    size.spus = static_cast<std::size_t>(spus);
    size.replicas = static_cast<std::uint32_t>(spus);
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] == "async") {
            size.durability = Durability::async;
            continue;
        }
        if (i + 1 >= words.size()) {
            return fail(ErrorCode::invalid_argument, fmt::format("'{}' alone", words[i]));
        }
        WEIR_TRY(const std::int64_t number, number_of(words[i + 1]));
        if (words[i] == "replicas") {
            size.replicas = static_cast<std::uint32_t>(number);
        } else if (words[i] == "min-live") {
            size.min_live = static_cast<std::uint32_t>(number);
        } else {
            return fail(ErrorCode::invalid_argument, fmt::format("no setting '{}'", words[i]));
        }
        ++i;
    }
    if (size.spus == 0 || size.replicas == 0 || size.replicas > size.spus || size.min_live == 0 ||
        size.min_live > size.replicas) {
        return fail(ErrorCode::invalid_argument, "sizes that do not fit");
    }
    stage_.emplace(size);
    return Result<void>();
}

Result<SpuId> Interpreter::spu_of(const Words& words, std::size_t index) const {
    if (index >= words.size()) {
        return fail(ErrorCode::invalid_argument, "which SPU?");
    }
    if (words[index] == "sc") {
        return kNoSpu;
    }
    WEIR_TRY(const std::int64_t number, number_of(words[index]));
    const SpuId spu(static_cast<std::int32_t>(number));
    if (!stage_->has(spu)) {
        return fail(ErrorCode::not_found, fmt::format("no SPU {}", number));
    }
    return spu;
}

Result<void> Interpreter::on_spu(const Words& words) {
    const std::string& verb = words[0];
    WEIR_TRY(const SpuId spu, spu_of(words, 1));
    const bool needs_rules = verb == "stop" || verb == "kill" || verb == "power-loss" ||
                             verb == "probe" || verb == "produce" || verb == "sync" ||
                             verb == "push" || verb == "tick";
    const bool needs_none = verb == "start" || verb == "wipe";
    if (spu == kNoSpu || (needs_rules && !stage_->runs(spu)) || (needs_none && stage_->runs(spu))) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} cannot do that now", words[1]));
    }
    std::optional<std::int64_t> number;
    if (words.size() > 2) {
        WEIR_TRY(number, number_of(words[2]));
    }
    if (verb == "start") {
        stage_->start_spu(spu, number.has_value() ? std::optional(Offset(*number)) : std::nullopt);
    } else if (verb == "stop") {
        stage_->end_spu(spu, Stage::CrashKind::orderly);
    } else if (verb == "kill") {
        stage_->end_spu(spu, Stage::CrashKind::process);
    } else if (verb == "power-loss") {
        stage_->end_spu(spu, Stage::CrashKind::power);
    } else if (verb == "wipe") {
        stage_->wipe(spu);
    } else if (verb == "fence") {
        stage_->fence(spu);
    } else if (verb == "unfence") {
        stage_->unfence(spu);
    } else if (verb == "move") {
        stage_->move(spu);
    } else if (verb == "probe") {
        stage_->probe_spu(spu);
    } else if (verb == "produce") {
        const bool uncommitted = words.size() > 3 && words[3] == "uncommitted";
        stage_->produce_records(
            spu, uncommitted ? Isolation::read_uncommitted : Isolation::read_committed,
            static_cast<std::size_t>(number.value_or(1)));
    } else if (verb == "sync") {
        stage_->sync_log(spu);
    } else if (verb == "push") {
        stage_->push_all(spu);
    } else {
        stage_->tick_rules(spu);
    }
    return Result<void>();
}

// deliver | deliver FROM TO | drop FROM TO | part ONE OTHER
Result<void> Interpreter::on_way(const Words& words) {
    if (words[0] == "deliver" && words.size() == 1) {
        stage_->deliver_all();
        return Result<void>();
    }
    WEIR_TRY(const SpuId from, spu_of(words, 1));
    WEIR_TRY(const SpuId to, spu_of(words, 2));
    if (words[0] == "deliver") {
        stage_->deliver_way(from, to);
    } else if (words[0] == "drop") {
        stage_->drop_way(from, to);
    } else if (from == kNoSpu || to == kNoSpu) {
        return fail(ErrorCode::invalid_argument, "part takes two SPUs");
    } else {
        stage_->part(from, to);
    }
    return Result<void>();
}

Result<void> Interpreter::on_partition(const Words& words) {
    const std::string& verb = words[0];
    if (verb == "begin") {
        stage_->begin();
    } else if (verb == "create") {
        stage_->create();
    } else if (verb == "elect") {
        stage_->elect();
    } else if (verb == "restart-sc") {
        stage_->restart_sc();
    } else if (verb == "settle") {
        stage_->settle();
    } else if (verb == "show") {
        stage_->show();
    } else if (verb == "wait") {
        if (words.size() != 2) {
            return fail(ErrorCode::invalid_argument, "wait MILLISECONDS");
        }
        WEIR_TRY(const std::int64_t ms, number_of(words[1]));
        stage_->wait(Duration::from_ms(ms));
    } else {
        std::vector<SpuId> target;
        for (std::size_t i = 1; i < words.size(); ++i) {
            WEIR_TRY(const SpuId spu, spu_of(words, i));
            target.push_back(spu);
        }
        stage_->reassign(target);
    }
    return Result<void>();
}

}  // namespace

Result<std::string> play(const std::string& file) {
    Interpreter interpreter;
    std::istringstream in(file);
    std::string out;
    bool is_output = false;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.empty() || line.front() == '#') {
            is_output = false;
            out += line + "\n";
            continue;
        }
        if (line.front() != '>') {
            if (!is_output) {
                return fail(ErrorCode::malformed,
                            fmt::format("line {}: no command prints this", number));
            }
            continue;  // what was printed when it was written
        }
        is_output = true;
        out += line + "\n";
        const auto printed = interpreter.run(line.substr(1));
        if (!printed.has_value()) {
            return fail(ErrorCode::malformed,
                        fmt::format("line {}: {}", number, printed.error().context));
        }
        for (const std::string& printed_line : *printed) {
            out += printed_line + "\n";
        }
    }
    return out;
}

}  // namespace weir::replication::transcript
