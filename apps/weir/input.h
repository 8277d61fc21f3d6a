// Standard input or a file, read on a helper thread so that the connections go on meanwhile.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/task/cancel.h"
#include "core/task/task.h"
#include "runtime/real/real_env.h"

#include <memory>
#include <optional>
#include <string>

namespace weir::cli {

class Input {
public:
    // nullopt: standard input. not_found if the file cannot be read.
    static Result<std::unique_ptr<Input>> open(real::RealEnv& real,
                                               const std::optional<std::string>& path);
    Input(real::RealEnv& real, int fd, int wake_read, int wake_write);
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    bool is_terminal() const;
    // The next line without its end, or nullopt at the end of the input. cancelled: the token was.
    Task<Result<std::optional<std::string>>> next_line(CancelToken token);
    // True when a line can be had without waiting.
    bool has_line() const;
    // Everything up to the end.
    Task<Result<std::string>> rest(CancelToken token);

private:
    // False at the end of the input.
    Task<Result<bool>> fill(CancelToken token);
    static void on_cancel(void* self);
    std::optional<std::string> take_line();

    real::RealEnv& real_;
    int fd_;
    int wake_read_;
    int wake_write_;
    std::string buffer_;
    std::size_t at_ = 0;
    bool ended_ = false;
};

}  // namespace weir::cli
