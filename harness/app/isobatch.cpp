/// The launcher, supervisor, judge of files and reporter. Links no LibTorch.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "base/error.h"

namespace {

constexpr const char* description =
    "isobatch proves that training does the same thing whichever way its effective batch is split,\n"
    "and when it does not, says which samples got the wrong weight and names the bug.\n\n"
    "A split is PER_DEVICExACCUMxDEVICES; all splits with one product are claimed to train identically.";

constexpr const char* footer =
    "Exit codes: 0 all equivalent, 1 divergent or regressed, 2 usage or unreadable input, 3 a trial crashed, ran "
    "out of memory or did not end,\n"
    "            4 inconclusive (nothing here could have failed), 77 skipped.";

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(description, "isobatch");
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", ISOBATCH_VERSION);
    int exit_code = 0;
    for (const auto add :
         {isobatch::add_check, isobatch::add_try, isobatch::add_judge, isobatch::add_report, isobatch::add_gate,
          isobatch::add_plan, isobatch::add_translate, isobatch::add_faults, isobatch::add_trace, isobatch::add_doctor})
        add(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const isobatch::Error& error) {
        fmt::print(stderr, "isobatch: {}\n", error.what());
        return error.exit_code();
    } catch (const std::filesystem::filesystem_error& error) {
        fmt::print(stderr, "isobatch: {}\n  next:  check the path, its permissions and the free disk space\n",
                   error.what());
        return 2;
    }
    return exit_code;
}
