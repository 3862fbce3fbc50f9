package io.pageflip.kernel;

/**
 * The result of inserting several pages.
 *
 * @param result 0, or minus an error number
 * @param remaining pages that are not inserted: {@code *num} afterwards
 */
public record InsertResult(int result, long remaining) {}
