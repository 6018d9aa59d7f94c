import type { ReactNode } from 'react';
import { Button, Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';

/**
 * A dialog with a name over the view, in its middle or as a drawer along its end. Escape or a click beside it closes it,
 * and the focus returns.
 */
export function Window(
  props: Readonly<{
    title: string;
    children: ReactNode;
    wide?: boolean;
    drawer?: boolean;
    isOpen?: boolean;
    onOpenChange?: (isOpen: boolean) => void;
  }>,
) {
  const { title, children, wide = false, drawer = false, isOpen, onOpenChange } = props;
  return (
    <ModalOverlay
      className={drawer ? 'veil drawer' : 'veil'}
      isDismissable
      {...(isOpen === undefined ? {} : { isOpen })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      <Modal className={wide ? 'window wide' : 'window'}>
        <Dialog>
          {({ close }) => (
            <>
              <div className="window-head">
                <Heading slot="title" level={2}>
                  {title}
                </Heading>
                <Button className="quiet" onPress={close}>
                  Close
                </Button>
              </div>
              {children}
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
