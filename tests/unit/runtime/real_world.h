// A RealEnv over a fresh temporary directory, as tests want it.
#pragma once

#include "runtime/real/real_env.h"
#include "tests/unit/env/contract/world.h"

#include <array>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>

namespace weir::real {

class RealWorld : public contract::World {
public:
    RealWorld() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
        WEIR_ASSERT(::mkdtemp(name.data()) != nullptr);
        root_ = name;
        RealOptions options;
        options.disk_root = root_;
        options.log_filter = "off";
        options.handle_signals = false;
        Result<std::unique_ptr<RealEnv>> made = RealEnv::create(options);
        WEIR_ASSERT(made.has_value());
        real_ = *std::move(made);
    }
    ~RealWorld() override {
        real_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    Env& env() override { return real_->env(); }
    std::string host() const override { return "127.0.0.1"; }
    void run(Task<void> task) override { WEIR_MAYBE(real_->run(done(std::move(task)))); }

    RealEnv& real() { return *real_; }
    const std::string& root() const { return root_; }

private:
    static Task<bool> done(Task<void> task) {
        co_await std::move(task);
        co_return true;
    }
    std::string root_;
    std::unique_ptr<RealEnv> real_;
};

}  // namespace weir::real
