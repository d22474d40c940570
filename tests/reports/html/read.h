#pragma once

#include "tests/reports/markup.h"

namespace isobatch {

/// A section of the page as a strict reader sees it.
inline Markup read_part(const std::string& html) {
    return MarkupReader("<!doctype html>\n<main>" + html + "</main>").html();
}

/// All text of the i-th element and of what is inside it.
inline std::string whole_text(const Markup& page, std::size_t i) {
    std::string text = page.elements[i].text;
    for (std::size_t j = i + 1; j < page.elements.size() && page.elements[j].depth > page.elements[i].depth; ++j)
        text += page.elements[j].text;
    return text;
}

/// The texts of the cells of every table row whose head has this text.
inline std::vector<std::string> cells_of(const Markup& page, const std::string& head) {
    std::vector<std::string> cells;
    bool inside = false;
    for (std::size_t i = 0; i < page.elements.size(); ++i) {
        const Element& element = page.elements[i];
        if (element.name == "tr") inside = false;
        if (element.name == "th" && whole_text(page, i) == head) inside = true;
        if (element.name == "td" && inside) cells.push_back(whole_text(page, i));
    }
    return cells;
}

/// The elements of one name with this class.
inline std::vector<Element> of_class(const Markup& page, const std::string& name, const std::string& kind) {
    std::vector<Element> found = page.named(name);
    std::erase_if(found, [&](const Element& element) {
        const auto it = element.attributes.find("class");
        return it == element.attributes.end() || it->second != kind;
    });
    return found;
}

}  // namespace isobatch
