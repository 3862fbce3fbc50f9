package io.pageflip.source;

import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.BlockSpec;
import java.util.ArrayList;
import java.util.List;

/** A set of pages of each block of a guest. No system call; belongs to one thread. */
final class PageSets {
    private final List<BlockSpec> blocks;
    private final List<PageBitmap> sets;

    private PageSets(List<BlockSpec> blocks, List<PageBitmap> sets) {
        this.blocks = blocks;
        this.sets = sets;
    }

    /** Makes sets without a page. */
    static PageSets empty(List<BlockSpec> blocks) {
        List<PageBitmap> sets = new ArrayList<>();
        for (BlockSpec block : blocks) {
            sets.add(new PageBitmap(block.pages()));
        }
        return new PageSets(blocks, sets);
    }

    /** Makes other sets of the same blocks, one for each block; takes {@code others} over. */
    PageSets like(List<PageBitmap> others) {
        return new PageSets(blocks, others);
    }

    /** The set of a block. A change to it changes this object. */
    PageBitmap of(int block) {
        return sets.get(block);
    }

    void addAll(PageSets other) {
        for (int i = 0; i < sets.size(); i++) {
            sets.get(i).addAll(other.of(i));
        }
    }

    void removeAll(PageSets other) {
        for (int i = 0; i < sets.size(); i++) {
            sets.get(i).removeAll(other.of(i));
        }
    }

    /** The number of pages in all sets together, whatever their size. */
    long pages() {
        long pages = 0;
        for (PageBitmap set : sets) {
            pages += set.cardinality();
        }
        return pages;
    }

    /** The bytes of guest memory in all sets together. */
    long bytes() {
        long bytes = 0;
        for (int i = 0; i < sets.size(); i++) {
            bytes += sets.get(i).cardinality() * blocks.get(i).pageBytes();
        }
        return bytes;
    }

    /** For each block, the number of pages that are not in its set. */
    List<Long> missing() {
        List<Long> missing = new ArrayList<>();
        for (PageBitmap set : sets) {
            missing.add(set.pages() - set.cardinality());
        }
        return missing;
    }
}
