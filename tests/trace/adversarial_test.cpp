#include "base/text.h"

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {
namespace {

/// Every value inside, the whole first.
void nodes(Json& value, std::vector<Json*>& found) {
    found.push_back(&value);
    if (value.is_structured())
        for (Json& inner : value) nodes(inner, found);
}

/// A value that a reader may not expect.
Json unexpected() {
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return *rc::gen::element<std::int64_t>(0, 1, -1, 7, 1 << 20, std::int64_t{1} << 32, std::int64_t{1} << 62,
                                                   INT64_MIN, INT64_MAX);
        case 1:
            return *rc::gen::element<std::uint64_t>(std::uint64_t{1} << 63, ~std::uint64_t{0});
        case 2:
            return *rc::gen::element(0.5, -1.0, 1e300, -1e300, 4.0, 1e19);
        case 3:
            return *rc::gen::element<std::string>("", "nan", "complete", "F32", "U8", "step-000001.safetensors", "../x",
                                                  "rank0", "\x1b[2J", std::string(3000, 'x'));
        case 4:
            return *rc::gen::element(Json(), Json(true), Json::array(), Json::object(), Json({{"crashed", 1}}),
                                     Json({0, 8}), Json({1}));
        default:
            return *rc::gen::element(Json::parse("[[[[[[[[[[]]]]]]]]]]"),
                                     Json::parse(R"({"a":{"b":{"c":[1,{"d":null}]}}})"),
                                     Json(std::vector<int>(1000, 1)));
    }
}

/// One node replaced, removed, repeated or exchanged with another.
void change(Json& document) {
    std::vector<Json*> all;
    nodes(document, all);
    Json& node = **rc::gen::elementOf(all);
    switch (*rc::gen::inRange(0, 5)) {
        case 0:
            if (node.is_structured() && !node.empty())
                node.erase(std::next(node.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(node))));
            break;
        case 1:
            if (node.is_array() && !node.empty()) node.push_back(Json(node.back()));
            break;
        case 2:
            node = Json(**rc::gen::elementOf(all));
            break;  // a value of another place, or of the same
        default:
            node = unexpected();
    }
}

/// Text edits that no change of a parsed document makes: doubled keys, cut tokens, raw bytes.
void edit(std::string& text) {
    if (text.empty()) return;
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size()),
               from = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto length = *rc::gen::inRange<std::size_t>(1, 60);
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
            text.insert(at, std::string(text, from, length));
            break;
        case 1:
            text.erase(at, length);
            break;
        case 2:
            text[at] = *rc::gen::arbitrary<char>();
            break;
        default:
            text.insert(at, std::string(*rc::gen::element<std::size_t>(1, 100, 50'000),
                                        *rc::gen::element('[', '{', '9', '"', '0')));
            break;
    }
}

/// The header between the length and the data, with the length made right again, or not.
void change_tensors(std::string& bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    std::string header = bytes.substr(8, length), data = bytes.substr(8 + length);
    const int kind = *rc::gen::inRange(0, 8);
    if (kind == 0)
        length = *rc::gen::element<std::uint64_t>(0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63, length - 8,
                                                  length + 8, bytes.size());
    if (kind == 1) edit(header);
    if (kind == 2) edit(data);
    if (kind > 2) {
        Json document = Json::parse(header);
        change(document);
        header = document.dump();
    }
    if (kind > 0) {
        header.resize((header.size() + 7) / 8 * 8, ' ');
        length = header.size();
    }
    bytes = std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

void change_lines(std::string& lines) {
    if (*rc::gen::inRange(0, 3) == 0) return edit(lines);
    std::vector<std::string> all = pieces(lines, '\n');
    all.pop_back();
    std::string& line = *std::next(all.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(all)));
    Json document = Json::parse(line);
    change(document);
    line = document.dump();
    lines = joined(all, "\n") + "\n";
}

/// Puts one lie into one file of the good trace in `place`, with digests that fit. Returns the file.
std::string lie(const Forgery& good, const std::filesystem::path& place) {
    Forgery forgery = good;
    const int kind = *rc::gen::inRange(0, 4);
    if (kind > 1) {
        auto& [path, bytes] =
            *std::next(forgery.files.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(forgery.files)));
        if (path.ends_with(".jsonl"))
            change_lines(bytes);
        else
            change_tensors(bytes);
        put(place / path, bytes);
        put(place / "manifest.json", sealed(forgery.listing()));
        return path;
    }
    Json manifest = forgery.listing();
    if (kind == 0) change(manifest);
    std::string text = manifest.dump();
    if (kind == 1) edit(text);
    put(place / "manifest.json", sealed_text(text));
    return "manifest.json";
}

/// Reads every byte that the trace hands out; a view out of bounds fails here under the sanitizers.
std::uint64_t touch(const Trace& trace) {
    std::uint64_t sum = content_digest(trace).size() + layouts_of(trace).size();
    for (const std::vector<Step>& steps : trace.ranks)
        for (const Step& step : steps) {
            sum += step_line(step, "").size();
            for (const auto& [key, tensor] : step.tensors) {
                std::uint64_t size = bytes_of(tensor.dtype);
                for (const std::int64_t side : tensor.shape) size *= static_cast<std::uint64_t>(side);
                RC_ASSERT(size == tensor.bytes.size());
                for (const std::byte byte : tensor.bytes) sum += static_cast<std::uint64_t>(byte);
            }
        }
    return sum + manifest_text(trace.manifest, {}).size();
}

/// Puts the good bytes back, whatever the law came to.
struct Undo {
    const Forgery& good;
    const std::filesystem::path& place;
    const std::string& file;
    ~Undo() {
        if (const auto it = good.files.find(file); it != good.files.end()) put(place / file, it->second);
    }
};

TEST(Adversarial, ALieWithRightDigestsIsRefusedOrStaysInBounds) {
    const TemporaryDirectory directory;
    const std::filesystem::path place = directory / "lie.trace";
    write_trace(small_trace(), place);
    const Forgery good = Forgery::of(place);
    int read = 0, refused = 0;
    expect_law(2500, [&] {
        const std::string file = lie(good, place);
        RC_LOG() << file;
        const Undo undo{good, place, file};
        try {
            touch(read_trace(place));
            ++read;
        } catch (const Error& error) {
            ++refused;
            RC_LOG() << "\n" << error.where() << ": " << error.problem() << "\n";
            RC_ASSERT(error.where().starts_with(place.string()));
            RC_ASSERT(!error.problem().empty() && !error.next().empty());
            for (const char c : std::string(error.problem()) + error.where())
                RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
            RC_ASSERT(error.problem().size() + error.where().size() < 4000u);
        }
    });
    // Both happen: a lie may be harmless, such as another time or an unknown field.
    EXPECT_GT(read, 100);
    EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace isobatch
