package io.pageflip.kernel;

/** The target of {@code page->mapping}. Its type says whether the page is anonymous, shared by KSM, or a file's. */
sealed interface PageMapping permits AnonVma, KsmNode, PageCache {}
