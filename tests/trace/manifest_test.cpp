#include "trace/manifest.h"

#include "tests/base/expect.h"
#include "tests/trace/forge.h"
#include "tests/trace/small_trace.h"

namespace isobatch {
namespace {

const FileEntries some_files{{"rank0/steps.jsonl", {7, "crc32:00000000"}},
                             {"rank1/steps.jsonl", {9, "xxh3:0000000000000000"}}};

Manifest parsed(const std::string& text) {
    FileEntries files;
    return parse_manifest(text, "a/manifest.json", files);
}

Json body() {
    Json object = Json::parse(manifest_text(small_trace().manifest, some_files));
    object.erase("manifest_digest");
    return object;
}

Error refusal(const Json& object) {
    const Error error = error_of([&] { parsed(sealed(object)); });
    EXPECT_TRUE(error.where().starts_with("a/manifest.json")) << error.what();
    return error;
}

TEST(Manifest, ReadsBack) {
    Manifest sparse;
    sparse.ended = {false, 3, 17, "killed by signal 9 \"\n é"};
    for (const Manifest& manifest : {small_trace().manifest, sparse}) {
        FileEntries files;
        const Manifest back = parse_manifest(manifest_text(manifest, some_files), "w", files);
        EXPECT_TRUE(fields(back) == fields(manifest));
        ASSERT_EQ(files.size(), 2u);
        EXPECT_EQ(files.at("rank0/steps.jsonl").bytes, 7u);
        EXPECT_EQ(files.at("rank0/steps.jsonl").digest, "crc32:00000000");
        EXPECT_EQ(files.at("rank1/steps.jsonl").bytes, 9u);
    }
}

TEST(Manifest, ReadsBackAnyValues) {
    expect_law(300, [] {
        Manifest manifest;
        const auto side = rc::gen::inRange<std::int64_t>(1, 10000);
        manifest.trial = *rc::gen::element<std::string>("", "gpt --splits 1x1x1", "\"\\\n\x1b é");
        manifest.split = {*side, *side, *side};
        manifest.recipe = *rc::gen::elementOf(known_recipes);
        manifest.level = *rc::gen::element(Level::losses, Level::sketch, Level::grads, Level::full);
        manifest.seed = *rc::gen::arbitrary<std::uint64_t>() >> 1;
        manifest.steps = *rc::gen::inRange<std::int64_t>(0, max_effective + 1);
        manifest.epochs = *rc::gen::inRange(0, (1 << 20) + 1);
        manifest.copies = *rc::gen::inRange(1, 1 << 10);
        manifest.inner = *rc::gen::inRange(1, 1 << 5);
        manifest.ranks = manifest.copies * manifest.inner * *rc::gen::inRange(0, 1 << 5);
        manifest.parameters = {{"p", {*side, 0, *side}}, {"", {}}};
        if (*rc::gen::arbitrary<bool>()) manifest.buffers = {"running \"mean\"", ""};
        if (*rc::gen::arbitrary<bool>())
            manifest.contract = Contract{Weighting::sample_mean, *rc::gen::arbitrary<bool>(),
                                         *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
        if (*rc::gen::arbitrary<bool>()) manifest.follows = "xxh3:00";
        if (*rc::gen::arbitrary<bool>())
            manifest.ended = {.complete = true};
        else
            manifest.ended = {false, *rc::gen::inRange(0, (1 << 20) + 1),
                              *rc::gen::inRange<std::int64_t>(0, max_effective), "m"};
        RC_ASSERT(fields(parsed(manifest_text(manifest, {}))) == fields(manifest));
    });
}

TEST(Manifest, CountsReachTheirLimits) {
    Manifest manifest;
    manifest.seed = (std::uint64_t{1} << 63) - 1;
    manifest.steps = max_effective;
    manifest.epochs = manifest.ranks = manifest.copies = 1 << 20;
    manifest.parameters = {{"p", {max_effective}}};
    manifest.ended = {false, 1 << 20, INT64_MAX, ""};
    EXPECT_TRUE(fields(parsed(manifest_text(manifest, {}))) == fields(manifest));
}

TEST(Manifest, IsOneLineThatEndsWithADigestOfItself) {
    const std::string text = manifest_text(small_trace().manifest, some_files);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const auto at = text.rfind(",\"manifest_digest\":");
    EXPECT_EQ(text.substr(at),
              ",\"manifest_digest\":\"" + crc32_digest(std::as_bytes(std::span(text).first(at))) + "\"}\n");
    EXPECT_EQ(Json::parse(text).at("format"), "isobatch-trace");
    EXPECT_EQ(Json::parse(text).at("version"), 1);
    EXPECT_TRUE(fields(parsed(sealed(body()))) == fields(small_trace().manifest)) << "another kind of digest will do";
}

TEST(Manifest, AnyChangedByteOrCutIsSeen) {
    const std::string good = manifest_text(small_trace().manifest, some_files);
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] ^= 1;
        EXPECT_THROW(parsed(bad), Error) << i;
        EXPECT_THROW(parsed(good.substr(0, i)), Error) << i;
    }
    EXPECT_THROW(parsed(good + "\n"), Error);
    EXPECT_THROW(parsed(good + good), Error);
    EXPECT_THROW(parsed(body().dump() + "\n"), Error) << "no digest at all";
    const Error overlapping = error_of([] { parsed(",\"manifest_digest\":\"}\n"); });
    EXPECT_TRUE(says(overlapping.problem(), "does not end with a digest")) << "the closing quote is the opening one";
}

TEST(Manifest, TheLastMemberIsTheDigestWhateverComesBefore) {
    Json object = body();
    object["provenance"]["also"] = {{"a", 1}, {"manifest_digest", "mine"}};
    object["trial"] = ",\"manifest_digest\":\"";
    EXPECT_EQ(parsed(sealed(object)).trial, ",\"manifest_digest\":\"");
}

TEST(Manifest, AlteredTextSaysWhere) {
    std::string text = manifest_text(small_trace().manifest, some_files);
    const auto at = text.rfind(",\"manifest_digest\":");
    text[10] ^= 1;
    const Error error = error_of([&] { parsed(text); });
    EXPECT_TRUE(says(error.problem(), "the manifest was altered"));
    EXPECT_EQ(error.where(), "a/manifest.json, byte " + std::to_string(at));
}

TEST(Manifest, AnotherFormatOrMajorVersionIsRefused) {
    const auto changed = [](const char* field, const Json& value) {
        Json object = body();
        object[field] = value;
        return refusal(object);
    };
    EXPECT_TRUE(says(changed("version", 2).problem(), "version 2, this program reads 1"));
    for (const Json& version : {Json(0), Json(-1), Json("1"), Json(1.0), Json()})
        EXPECT_TRUE(says(changed("version", version).where(), "version"));
    EXPECT_TRUE(says(changed("format", "another").problem(), "not an isobatch trace"));
    EXPECT_TRUE(says(changed("format", 1).problem(), "not an isobatch trace"));
}

TEST(Manifest, AbsentOptionalFieldsHaveDefaults) {
    Json object = body();
    for (const char* field : {"seed", "steps", "epochs", "ranks", "mesh", "follows"}) object.erase(field);
    object["contract"] = nullptr;
    const Manifest manifest = parsed(sealed(object));
    EXPECT_EQ(manifest.seed, 0u);
    EXPECT_EQ(manifest.steps, 0);
    EXPECT_EQ(manifest.epochs, 1);
    EXPECT_EQ(manifest.ranks, 2) << "the devices of the split";
    EXPECT_EQ(manifest.mesh(), (Mesh{.places = 2}));
    EXPECT_FALSE(manifest.follows || manifest.contract);
    object["mesh"] = {{"copies", 2}};
    EXPECT_EQ(parsed(sealed(object)).mesh(), (Mesh{.places = 2, .copies = 2}));
    object.erase("mesh");
    object["split"] = {{"per_device", 1}, {"accum", 1}, {"devices", (std::int64_t{1} << 32) + 1}};
    EXPECT_EQ(parsed(sealed(object)).ranks, 1 << 20) << "not the low bits of the devices";
    object["a_field_of_tomorrow"] = {1, 2};
    EXPECT_NO_THROW(parsed(sealed(object)));
}

TEST(Manifest, MissingFieldsAreNamed) {
    for (const char* field : {"format", "version", "trial", "split", "engine", "device", "recipe", "contract", "level",
                              "parameters", "ended", "provenance", "files"}) {
        Json object = body();
        object.erase(field);
        EXPECT_TRUE(says(refusal(object).problem(), field));
    }
}

TEST(Manifest, BadValuesAreRefusedWithTheFileAndTheField) {
    const struct {
        const char* pointer;
        Json value;
        const char* part;
    } cases[] = {{"/split/per_device", 0, "per_device"},
                 {"/split/accum", -1, "accum"},
                 {"/split/devices", 1.5, "devices"},
                 {"/split/devices", "2", "devices"},
                 {"/split/accum", max_effective, "accum"},
                 {"/recipe/compute", "fp8", "fp8"},
                 {"/recipe/accumulate", "bf16", "bf16"},
                 {"/recipe/autocast", true, "autocast"},
                 {"/contract/weighting", "sum", "sum"},
                 {"/level", "all", "level"},
                 {"/seed", -1, "seed"},
                 {"/steps", -1, "steps"},
                 {"/steps", max_effective + 1, "steps"},
                 {"/epochs", 0.5, "epochs"},
                 {"/epochs", (1 << 20) + 1, "epochs"},
                 {"/ranks", -1, "ranks"},
                 {"/ranks", (1 << 20) + 1, "ranks"},
                 {"/mesh", 1, "with number"},
                 {"/mesh/copies", 0, "mesh"},
                 {"/mesh/copies", 3, "mesh"},
                 {"/mesh/inner", 0, "mesh"},
                 {"/mesh/inner", 4, "mesh"},
                 {"/buffers", "mean", "must be array"},
                 {"/buffers", {1}, "must be string"},
                 {"/parameters", Json::object(), "parameters"},
                 {"/parameters/0/shape", 6, "parameters"},
                 {"/parameters/0/shape", {-1}, "parameters"},
                 {"/parameters/0/shape", {max_effective + 1}, "parameters"},
                 {"/ended", "done", "ended"},
                 {"/ended", {{"crashed", {{"rank", -1}, {"step", 0}, {"message", ""}}}}, "ended"},
                 {"/ended", {{"crashed", {{"rank", 0}, {"step", -1}, {"message", ""}}}}, "ended"},
                 {"/files/rank0~1steps.jsonl/bytes", -1, "rank0/steps.jsonl"},
                 {"/files/rank0~1steps.jsonl/bytes", 7.5, "rank0/steps.jsonl"},
                 {"/files/rank0~1steps.jsonl/bytes", true, "rank0/steps.jsonl"}};
    for (const auto& bad : cases) {
        Json object = body();
        object[Json::json_pointer(bad.pointer)] = bad.value;
        EXPECT_TRUE(says(refusal(object).what(), bad.part)) << bad.pointer << bad.value;
    }
}

TEST(Manifest, AParameterIsListedOnce) {
    Json object = body();
    object["parameters"].push_back({{"name", "w"}, {"shape", {2, 3}}});
    const Error error = refusal(object);
    EXPECT_TRUE(says(error.problem(), "parameter \"w\" is listed twice"));
    EXPECT_EQ(error.where(), "a/manifest.json, parameters");
}

TEST(Manifest, ACrashMessageOfAnyBytesIsWritten) {
    Manifest manifest = small_trace().manifest;
    manifest.ended = {false, 1, 2, "segfault \xff\xfe"};
    EXPECT_TRUE(says(parsed(manifest_text(manifest, {})).ended.message, "segfault "));
}

TEST(Level, NamesAreThoseOfTheFormat) {
    EXPECT_EQ(to_string(Level::losses), "losses");
    EXPECT_EQ(to_string(Level::sketch), "sketch");
    EXPECT_EQ(to_string(Level::grads), "grads");
    EXPECT_EQ(to_string(Level::full), "full");
}

}  // namespace
}  // namespace isobatch
