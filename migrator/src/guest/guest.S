# The guest of real QEMU: a program without an operating system, for one vCPU in 64-bit mode. It does what a vCPU of the
# simulated guest does: it stores heartbeats in the guest information page, and writes pages at a given rate. Every page
# carries its number and its generation, so the guest can check itself.
#
# QEMU's -kernel loads it (Multiboot 0.6.96, the address fields of the header). Assemble:
#
#   as --64 -o guest.o guest.S && ld -m elf_x86_64 -N -Ttext=0x101000 --oformat=binary -o guest.bin guest.o
#
# Guest memory:
#
#   0x100000  the guest information page (docs/architecture.md)
#   0x101000  this program; its parameters follow the header
#   0x110000  its variables, and its stack
#   0x200000  page tables: everything is mapped where it is, by pages of 2 MiB
#             then the generations, 4 bytes for each data page
#             then data pages up to the end of low memory, and from 4 GiB to the end of RAM
#
# Content of data page i of generation g (512 words of 8 bytes): word 0 is TAG + i, word 1 is g, word 511 is
# word 0 + g * STEP. A page of generation 0 has never been written: these words are 0.

        .set    INFO, 0x100000
        .set    INFO_VERSION, 2
        .set    INFO_ID, 16
        .set    INFO_WRITTEN, 24
        .set    INFO_CHECKED, 32
        .set    INFO_BAD, 40
        .set    INFO_REQUESTED, 48
        .set    INFO_FIRST_BAD, 56
        .set    INFO_BEATS, 64
        .set    INFO_TIME, 72

        .set    TABLES, 0x200000
        .set    FIRMWARE, 0x100000        # at the end of low memory: SeaBIOS leaves something there
        .set    FOUR_GIB_PAGE, 0x100000
        .set    TAG, 0x5047000000000000
        .set    STEP, 0x9e3779b97f4a7c15

        .set    PIT_HZ, 1193182
        .set    PIT_COUNT, 11932          # 10 ms
        .set    CALIBRATIONS, 5

        .set    TRIES, 64

        .set    SEQUENTIAL, 1
        .set    UNIFORM, 2
        .set    HOTSET, 3

        .text
        .code32
        .globl  _start
_start:
        jmp     entry

        .balign 4
header:
        .long   0x1badb002, 0x00010002, -(0x1badb002 + 0x00010002)
        .long   header, _start, end, bss_end, entry

        .balign 64
# Parameters, at offset 0x40 of the image; pageflip writes them.
id:             .quad   0
rate:           .quad   0       # pages a second
workload:       .long   0       # 0 idle, 1 sequential, 2 uniform, 3 hotset
hot_percent:    .long   10
fill_percent:   .long   100
unused:         .long   0
seed:           .quad   1

# EBX: the Multiboot information.
entry:
        cli
        cld
        movl    $stack_end, %esp
        movl    %ebx, %esi

        # The end of low memory and of RAM, from the memory map (flag 6).
        movl    44(%esi), %ecx
        movl    48(%esi), %edi
        addl    %edi, %ecx              # its end
1:      cmpl    %ecx, %edi
        jae     4f
        cmpl    $1, 20(%edi)            # available RAM
        jne     3f
        movl    4(%edi), %eax           # base
        movl    8(%edi), %edx
        cmpl    $0, %edx
        je      2f
        cmpl    $0, %eax
        jne     3f
        cmpl    $1, %edx
        jne     3f
        movl    12(%edi), %eax          # the part from 4 GiB on
        movl    16(%edi), %edx
        movl    %eax, high_bytes
        movl    %edx, high_bytes + 4
        jmp     3f
2:      cmpl    $0x100000, %eax         # the part that starts at 1 MiB
        jne     3f
        addl    12(%edi), %eax
        andl    $0xfffff000, %eax
        movl    %eax, low_end
3:      addl    (%edi), %edi
        addl    $4, %edi
        jmp     1b
4:      subl    $FIRMWARE, low_end
        # The number of GiB to map: 4, and those above 4 GiB.
        movl    high_bytes, %eax
        movl    high_bytes + 4, %edx
        addl    $0x3fffffff, %eax
        adcl    $0, %edx
        shrdl   $30, %edx, %eax
        addl    $4, %eax
        cmpl    $512, %eax
        jbe     5f
        movl    $512, %eax
5:      movl    %eax, gib

        # Page tables: one of level 4, one of level 3, one of level 2 for each GiB.
        movl    $TABLES, %edi
        leal    2(%eax), %ecx
        shll    $10, %ecx
        xorl    %eax, %eax
        rep stosl
        movl    %edi, generations
        movl    $TABLES + 0x1000 + 7, TABLES
        xorl    %ecx, %ecx
        movl    $TABLES + 0x2000 + 7, %eax
6:      movl    %eax, TABLES + 0x1000(,%ecx,8)
        addl    $0x1000, %eax
        incl    %ecx
        cmpl    gib, %ecx
        jb      6b
        movl    gib, %ecx
        shll    $9, %ecx
        movl    $TABLES + 0x2000, %edi
        movl    $0x87, %eax             # present, writable, user, 2 MiB
        xorl    %edx, %edx
7:      movl    %eax, (%edi)
        movl    %edx, 4(%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        adcl    $0, %edx
        loop    7b

        # 64-bit mode.
        movl    %cr4, %eax
        orl     $0x20, %eax
        movl    %eax, %cr4
        movl    $TABLES, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000001, %eax
        movl    %eax, %cr0
        lgdt    gdt_pointer
        ljmp    $8, $long_mode

        .code64
# RBX: heartbeats. R8: the generations. R9: the number of data pages. R10: how many of them lie in low memory.
# R11: the page number (address / 4096) of the first. R12: ticks between two writes. R13: the tick of the next write.
# R14: the state of the random numbers. R15: TAG. RBP: STEP.
long_mode:
        movl    $stack_end, %esp
        movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        xorl    %ebx, %ebx
        movabsq $TAG, %r15
        movabsq $STEP, %rbp

        # How many data pages there are: each needs 4 bytes of the generations. The generations take as much as all RAM
        # above them would need, rounded up.
        movl    generations, %r8d
        movl    low_end, %eax
        subl    %r8d, %eax
        shrl    $12, %eax
        movq    high_bytes, %r9
        shrq    $12, %r9
        leaq    (%rax,%r9), %rcx        # pages at most
        leaq    4095(,%rcx,4), %rdx
        shrq    $12, %rdx               # pages of generations
        subq    %rdx, %rax              # data pages in low memory
        movq    %rax, %r10
        addq    %rax, %r9
        movl    %r8d, %r11d
        shrl    $12, %r11d
        addq    %rdx, %r11

        # Generations start at 0.
        movq    %r8, %rdi
        movq    %rdx, %rcx
        shlq    $9, %rcx
        xorl    %eax, %eax
        rep stosq

        call    calibrate               # RAX: ticks in 10 ms
        imulq   $100, %rax
        movq    rate, %rcx
        movq    $-1, %r12
        testq   %rcx, %rcx
        jz      1f
        cmpl    $0, workload
        je      1f
        xorl    %edx, %edx
        divq    %rcx
        movq    %rax, %r12
1:
        # Fill: fill_percent of each 100 pages.
        xorl    %esi, %esi              # page
        xorl    %ecx, %ecx              # page mod 100
2:      cmpq    %r9, %rsi
        jae     4f
        cmpl    fill_percent, %ecx
        jae     3f
        call    write_page
        incq    filled
3:      incq    %rsi
        incl    %ecx
        cmpl    $100, %ecx
        jb      2b
        xorl    %ecx, %ecx
        jmp     2b
4:
        # The hot pages: hot_percent of all, at least one.
        movq    %r9, %rax
        movl    hot_percent, %ecx
        mulq    %rcx
        movl    $100, %ecx
        divq    %rcx
        testq   %rax, %rax
        jnz     5f
        incq    %rax
5:      movq    %rax, hot_pages
        movq    seed, %r14
        orq     $1, %r14

        # The header of the information page; its first word comes last.
        movq    id, %rax
        movq    %rax, INFO + INFO_ID
        movl    $INFO_VERSION, INFO + 8
        movl    $1, INFO + 12
        movabsq $0x50494c4645474150, %rax
        movq    %rax, INFO
        call    now
        movq    %rax, %r13

# One turn: a heartbeat, and a write if it is time for one.
run:
        call    beat
        call    now
        movq    %rax, INFO + INFO_TIME
        movq    INFO + INFO_REQUESTED, %rcx
        cmpq    %rcx, INFO + INFO_CHECKED
        jne     check
        cmpq    $-1, %r12
        je      run
        movq    %rax, %rdx
        subq    %r13, %rdx              # how late it is
        js      run
        addq    %r12, %r13
        # A guest that is 10 ms late or more does not catch up: its rate is what it wrote.
        cmpq    ticks, %rdx
        jb      1f
        movq    %rax, %r13
        # Pages that were never filled stay holes.
1:      movl    $TRIES, tries
2:      call    next_page
        cmpl    $0, (%r8,%rsi,4)
        jne     3f
        decl    tries
        jnz     2b
        jmp     run
3:      call    verify_page
        call    write_page
        incq    INFO + INFO_WRITTEN
        jmp     run

# Checks all pages: requested by whoever adds to the word. All generations together must be the pages that were filled and
# those that were written: if a page and its generation were old alike, this would tell.
check:
        pushq   %rcx
        movq    $0, sum
        xorl    %esi, %esi
1:      call    verify_page
        movl    (%r8,%rsi,4), %eax
        addq    %rax, sum
        call    beat
        incq    %rsi
        cmpq    %r9, %rsi
        jb      1b
        movq    filled, %rax
        addq    INFO + INFO_WRITTEN, %rax
        cmpq    %rax, sum
        je      2f
        movq    %r8, %rdi
        call    bad
2:      popq    %rcx
        movq    %rcx, INFO + INFO_CHECKED
        jmp     run

# A heartbeat. It is counted in a register, so that an information page that is older than the vCPU, since a migration
# has lost it, does not turn the count back: it counts as bad. Changes RDI.
beat:
        cmpq    %rbx, INFO + INFO_BEATS
        je      1f
        movl    $INFO, %edi
        call    bad
1:      incq    %rbx
        movq    %rbx, INFO + INFO_BEATS
        ret

# RSI: the page to write next. Changes RAX, RCX, RDX.
next_page:
        movl    workload, %ecx
        cmpl    $SEQUENTIAL, %ecx
        jne     1f
        movq    cursor, %rsi
        leaq    1(%rsi), %rax
        xorl    %edx, %edx
        cmpq    %r9, %rax
        cmovaeq %rdx, %rax
        movq    %rax, cursor
        ret
1:      call    random
        cmpl    $HOTSET, %ecx
        jne     2f
        movl    $10, %ecx
        mulq    %rcx                    # RDX: 0 to 9
        testq   %rdx, %rdx
        jz      2f
        call    random
        mulq    hot_pages
        movq    %rdx, %rsi
        ret
2:      call    random
        mulq    %r9
        movq    %rdx, %rsi
        ret

# RAX: a random number (xorshift64*, Vigna 2014). Changes RDX.
random:
        movq    %r14, %rax
        shrq    $12, %rax
        xorq    %rax, %r14
        movq    %r14, %rax
        shlq    $25, %rax
        xorq    %rax, %r14
        movq    %r14, %rax
        shrq    $27, %rax
        xorq    %rax, %r14
        movabsq $0x2545f4914f6cdd1d, %rax
        imulq   %r14, %rax
        ret

# RDI: the address of page RSI. Changes RAX.
address:
        leaq    (%rsi,%r11), %rdi
        cmpq    %r10, %rsi
        jb      1f
        leaq    FOUR_GIB_PAGE(%rsi), %rdi
        subq    %r10, %rdi
1:      shlq    $12, %rdi
        ret

# Writes the next generation of page RSI. Changes RAX, RDX, RDI.
write_page:
        call    address
        movl    (%r8,%rsi,4), %edx
        incl    %edx
        movl    %edx, (%r8,%rsi,4)
        leaq    (%rsi,%r15), %rax
        movq    %rax, (%rdi)
        movq    %rdx, 8(%rdi)
        imulq   %rbp, %rdx
        addq    %rdx, %rax
        movq    %rax, 4088(%rdi)
        ret

# Counts page RSI as bad if it has not the content of its generation. Changes RAX, RDX, RDI.
verify_page:
        call    address
        movl    (%r8,%rsi,4), %edx
        xorl    %eax, %eax
        testl   %edx, %edx
        jz      1f
        leaq    (%rsi,%r15), %rax
1:      cmpq    %rax, (%rdi)
        jne     2f
        cmpq    %rdx, 8(%rdi)
        jne     2f
        imulq   %rbp, %rdx
        addq    %rdx, %rax
        cmpq    %rax, 4088(%rdi)
        jne     2f
        ret
2:      call    bad
        ret

# Counts something bad at address RDI.
bad:
        incq    INFO + INFO_BAD
        cmpq    $1, INFO + INFO_BAD
        jne     1f
        movq    %rdi, INFO + INFO_FIRST_BAD
1:      ret

# RAX: the time stamp counter. Changes RDX.
now:
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        ret

# RAX: ticks of the time stamp counter in 10 ms, by channel 2 of the timer (Intel 8254): the least of some tries, since a
# vCPU that waits for a processor makes a try longer, and none shorter. Changes RCX, RDX, RSI, RDI.
calibrate:
        movq    $-1, %rsi
        movl    $CALIBRATIONS, %ecx
1:      inb     $0x61, %al
        andb    $0xfd, %al
        orb     $1, %al
        outb    %al, $0x61              # gate on, speaker off
        movb    $0xb0, %al              # channel 2, two bytes, mode 0
        outb    %al, $0x43
        movb    $PIT_COUNT & 0xff, %al
        outb    %al, $0x42
        call    now
        movq    %rax, %rdi
        movb    $PIT_COUNT >> 8, %al
        outb    %al, $0x42              # it counts from here on
2:      inb     $0x61, %al
        testb   $0x20, %al
        jz      2b
        call    now
        subq    %rdi, %rax
        cmpq    %rsi, %rax
        cmovbq  %rax, %rsi
        loop    1b
        movq    %rsi, %rax
        movq    %rax, ticks
        ret

        .balign 8
gdt:            .quad   0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdt_pointer:    .word   23
                .long   gdt
end:

# Not in the image. In pages of their own: a store to a page with code makes an emulator translate that code again.
        .set    VARIABLES, 0x110000
        .set    high_bytes, VARIABLES
        .set    low_end, VARIABLES + 8
        .set    generations, VARIABLES + 12
        .set    gib, VARIABLES + 16
        .set    ticks, VARIABLES + 24
        .set    hot_pages, VARIABLES + 32
        .set    cursor, VARIABLES + 40
        .set    tries, VARIABLES + 48
        .set    filled, VARIABLES + 56
        .set    sum, VARIABLES + 64
        .set    stack_end, VARIABLES + 0x1000
        .set    bss_end, VARIABLES + 0x1000
