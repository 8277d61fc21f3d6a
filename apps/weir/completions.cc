#include "apps/weir/completions.h"

#include "apps/weir/output.h"
#include "apps/weir/session.h"

#include <fmt/core.h>

#include <sstream>

namespace weir::cli {
namespace {

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : " ") + word;
    }
    return out;
}

// The words that are neither flags nor the current one name the command.
std::string bash_script(const std::vector<CommandWords>& commands) {
    std::string out =
        "_weir() {\n"
        "    local current=\"${COMP_WORDS[COMP_CWORD]}\" command=\"\" word\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        [[ $word == -* ]] || command+=\"${command:+ }$word\"\n"
        "    done\n"
        "    while true; do\n"
        "        case \"$command\" in\n";
    for (const CommandWords& command : commands) {
        out += fmt::format(
            "            \"{}\") COMPREPLY=($(compgen -W \"{}\" -- "
            "\"$current\")); return ;;\n",
            command.path, join(command.words));
    }
    out +=
        "        esac\n"
        "        [[ $command == *\" \"* ]] || return\n"
        "        command=\"${command% *}\"\n"
        "    done\n"
        "}\n"
        "complete -o default -F _weir weir\n";
    return out;
}

std::string fish_script(const std::vector<CommandWords>& commands) {
    std::string out = "complete -c weir -e\n";
    for (const CommandWords& command : commands) {
        // All words of the command: several groups have a `list`.
        std::string condition;
        std::stringstream path(command.path);
        for (std::string word; path >> word;) {
            condition += (condition.empty() ? "" : "; and ") +
                         fmt::format("__fish_seen_subcommand_from {}", word);
        }
        if (condition.empty()) {
            condition = "__fish_use_subcommand";
        }
        out += fmt::format("complete -c weir -n '{}' -a '{}'\n", condition, join(command.words));
    }
    return out;
}

}  // namespace

int print_completions(const std::string& shell, const std::vector<CommandWords>& commands) {
    if (shell == "bash") {
        print(bash_script(commands));
    } else if (shell == "zsh") {
        print("autoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands));
    } else if (shell == "fish") {
        print(fish_script(commands));
    } else {
        print_error(fmt::format("no completions for '{}': bash, zsh or fish", shell));
        return kExitUsage;
    }
    return kExitOk;
}

}  // namespace weir::cli
