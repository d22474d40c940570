#include <set>

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;

/// A good trace on disk with the bytes of all its files, so that each damage can be undone.
class GoodTrace {
public:
    GoodTrace() {
        write_trace(small_trace(), path());
        for (const auto& entry : fs::recursive_directory_iterator(path()))
            if (entry.is_regular_file()) files_[entry.path()] = get(entry.path());
    }

    fs::path path() const { return directory_ / "good.trace"; }
    const std::map<fs::path, std::string>& files() const { return files_; }

private:
    TemporaryDirectory directory_;
    std::map<fs::path, std::string> files_;
};

/// What was done to the bytes of one file; nothing: the file was removed.
std::optional<std::string> damaged(const std::string& good) {
    std::string bad = good;
    switch (*rc::gen::inRange(0, 8)) {
        case 0:
            return std::nullopt;
        case 1:
            return good.substr(0, *rc::gen::inRange<std::size_t>(0, good.size()));
        case 2:
            return good + *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
        case 3: {  // a piece taken out of the middle
            const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
            return bad.erase(at, *rc::gen::inRange<std::size_t>(1, 20));
        }
        default: {
            std::set<std::size_t> places;
            const int flips = *rc::gen::inRange(1, 4);
            while (places.size() < static_cast<std::size_t>(flips))
                places.insert(*rc::gen::inRange<std::size_t>(0, good.size()));
            for (const std::size_t place : places)
                bad[place] = static_cast<char>(bad[place] ^ *rc::gen::inRange(1, 256));
            return bad;
        }
    }
}

TEST(Hostile, NoFlippedCutOrMissingByteIsReadInSilence) {
    const GoodTrace good;
    expect_same(read_trace(good.path()), small_trace());
    expect_law(3000, [&] {
        const auto& [path, bytes] =
            *std::next(good.files().begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(good.files())));
        const std::optional<std::string> bad = damaged(bytes);
        RC_LOG() << path.filename().string() << (bad ? ", damaged" : ", removed");
        RC_ASSERT(bad != bytes);
        if (bad)
            put(path, *bad);
        else
            fs::remove(path);
        bool refused = false;
        try {
            read_trace(good.path());
        } catch (const Error& error) {
            refused = error.where().starts_with(good.path().string()) && !error.problem().empty() &&
                      !error.next().empty() &&
                      error.exit_code() == (!bad && path.filename() == "manifest.json" ? 3 : 2);
        }
        put(path, bytes);
        RC_ASSERT(refused);
    });
    expect_same(read_trace(good.path()), small_trace());
}

TEST(Hostile, UnfinishedTraceOfAnyBytesIsReadOrRefused) {
    const TemporaryDirectory directory;
    const std::string good = step_line(small_step(0, 1), "") + "\n" + step_line(small_step(0, 2), "") + "\n";
    expect_law(1000, [&] {
        put(directory / "rank0/steps.jsonl", damaged(good).value_or(""));
        try {
            RC_ASSERT(read_unfinished(directory.path()).ranks.at(0).size() <= 3u);
        } catch (const Error& error) {
            RC_ASSERT(error.where().starts_with(directory.path().string()));
        }
    });
}

}  // namespace
}  // namespace isobatch
