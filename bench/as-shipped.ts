/** How users run the program: the flags for Node that launcher and image give it. */
export const asShipped = { NODE_OPTIONS: '--enable-source-maps --max-semi-space-size=4' } as const
