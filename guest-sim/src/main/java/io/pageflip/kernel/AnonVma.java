package io.pageflip.kernel;

/**
 * Through this, the kernel finds the mappings of anonymous pages ({@code struct anon_vma}, mm/rmap.c). The objects of a
 * process and of its forked children have the same root.
 */
final class AnonVma implements PageMapping {
    private final AnonVma root;

    AnonVma() {
        this.root = this;
    }

    private AnonVma(AnonVma root) {
        this.root = root;
    }

    AnonVma fork() {
        return new AnonVma(root);
    }

    AnonVma root() {
        return root;
    }
}
