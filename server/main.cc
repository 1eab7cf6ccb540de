// The program `carillon`. All it does is in server/cli, one file a subcommand.
#include "server/cli/command.h"

int main(int argc, char** argv) { return carillon::cli::run_command_line({argv + 1, argv + argc}); }
