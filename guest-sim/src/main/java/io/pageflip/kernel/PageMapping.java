package io.pageflip.kernel;

/** What {@code page->mapping} points at, and by its type whether the page is anonymous, shared by KSM, or a file's. */
sealed interface PageMapping permits AnonVma, KsmNode, PageCache {}
