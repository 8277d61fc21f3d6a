#include "apps/weir/cli.h"

int main(int argc, char** argv) {
    return weir::cli::run_command_line(argc, argv);
}
