package io.pageflip.kernel;

/**
 * Where the kernel looks for the mappings of anonymous pages ({@code struct anon_vma}, mm/rmap.c). Those of a process
 * and of its forked children have one root.
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
